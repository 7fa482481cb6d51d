namespace Kv.Server.Snapshots;

/// <summary>A member did not send its snapshot to the end.</summary>
internal sealed class DownloadException(string message, Exception? cause = null) : IOException(message, cause);
