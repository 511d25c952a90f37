"""WebSockets without Engine.IO."""
