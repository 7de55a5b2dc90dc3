/* May an operator take over the memory of an operand that dies?  (callers.c) */
#ifndef DEZERO_CALLERS_H
#define DEZERO_CALLERS_H
#include <Python.h>

/* Note the calls of this class's operators from now on. */
void dz_note_operators(PyTypeObject *type);

/* Is what runs now an operator on these operands, called by the interpreter's evaluation of an expression? */
int dz_in_expression(PyObject *a, PyObject *b);

#endif
