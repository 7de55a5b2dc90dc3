"""What ops claim, by module; written by `dezero claims`."""

CLAIMS = {
    'dezero.ops.scatter': {
        'scatter': {},
    },
    'dezero.ops.reshape': {
        'reshape': {'numpy': ['numpy.reshape'], 'method': 'dezero.ops.reshape.method'},
        'squeeze': {'numpy': ['numpy.squeeze'], 'function': True},
        'expand_dims': {'numpy': ['numpy.expand_dims'], 'method': None, 'function': True},
        'ravel': {'numpy': ['numpy.ravel'], 'function': True},
        'flatten': {'function': True},
    },
    'dezero.ops.transpose': {
        'transpose': {'numpy': ['numpy.transpose'], 'method': 'dezero.ops.transpose.method', 'attribute': 'T'},
        'swapaxes': {'numpy': ['numpy.swapaxes'], 'function': True},
        'moveaxis': {'numpy': ['numpy.moveaxis'], 'method': None, 'function': True},
        'matrix_transpose': {'numpy': ['numpy.matrix_transpose', 'numpy.linalg.matrix_transpose'],
             'method': None,
             'attribute': 'mT',
             'function': True},
    },
    'dezero.ops.conj': {
        'conj': {'numpy': ['numpy.conjugate']},
        'conjugate': {'function': True},
        'real': {'numpy': ['numpy.real'], 'method': None, 'attribute': 'real', 'function': True},
        'imag': {'numpy': ['numpy.imag'], 'method': None, 'attribute': 'imag', 'function': True},
    },
    'dezero.ops.pack': {
        'pack': {'method': None},
        'array': {'numpy': ['numpy.array'], 'method': None, 'function': True},
        'asarray': {'numpy': ['numpy.asarray', 'numpy.asanyarray'], 'method': None, 'function': True},
        'ascontiguousarray': {'numpy': ['numpy.ascontiguousarray'], 'method': None, 'function': True},
        'asfortranarray': {'numpy': ['numpy.asfortranarray'], 'method': None, 'function': True},
        'full': {'numpy': ['numpy.full'], 'method': None, 'function': True},
        'fromiter': {'numpy': ['numpy.fromiter'], 'method': None, 'function': True},
        'arange': {'numpy': ['numpy.arange'], 'method': None, 'function': True},
        'linspace': {'numpy': ['numpy.linspace'], 'method': None, 'function': True},
        'logspace': {'numpy': ['numpy.logspace'], 'method': None, 'function': True},
        'geomspace': {'numpy': ['numpy.geomspace'], 'method': None, 'function': True},
        'numpy.zeros': {'constant': True},
        'numpy.ones': {'constant': True},
        'numpy.empty': {'constant': True},
        'numpy.eye': {'constant': True},
        'numpy.identity': {'constant': True},
        'numpy.tri': {'constant': True},
    },
}
