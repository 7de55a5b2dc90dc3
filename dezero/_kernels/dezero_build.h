/* Which build a module is of.  setup.py gives the version and a number made of it and of all declarations: modules of another
   one have classes of another size, and Cython refuses to bring them together (`extensions.py` says what to do then). */
#ifndef DEZERO_BUILD_H
#define DEZERO_BUILD_H
#define DEZERO_TEXT_(x) #x
#define DEZERO_TEXT(x) DEZERO_TEXT_(x)
#define DEZERO_VERSION DEZERO_TEXT(DEZERO_VERSION_IS)
typedef struct { char size[8 * (1 + DEZERO_BUILD_IS)]; } dezero_build;
typedef struct { char size[8 * (100001 - DEZERO_BUILD_IS)]; } dezero_build_rest;
#endif
