"""The built-in ops, one module each: plugins like any stranger's, which import only what a stranger may."""
