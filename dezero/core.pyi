from .engine.function import Function as Function
from .engine.variable import Variable as Variable, as_array as as_array, as_variable as as_variable
