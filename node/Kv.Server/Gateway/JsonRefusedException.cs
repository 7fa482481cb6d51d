namespace Kv.Server.Gateway;

/// <summary>A body is no request; the message says why, as etcd words it.</summary>
internal sealed class JsonRefusedException(string message) : Exception(message);
