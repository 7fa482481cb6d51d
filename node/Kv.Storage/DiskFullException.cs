namespace Kv.Storage;

/// <summary>There was no room for a write or a reservation. Apart from other failures because it has a remedy that
/// needs no new disk: free some space, and start again.</summary>
public sealed class DiskFullException(string message, int errorNumber) : IOException(message, errorNumber);
