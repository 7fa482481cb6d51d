namespace Kv.Server.Cli;

/// <summary>A command cannot do what it was asked; the message says why, to whoever typed it.</summary>
public sealed class CommandFailedException(string message) : Exception(message);
