# A stub package, so that type checkers look here for the rooms of the engine.
