using Kv.Store;

namespace Kv.Server.Snapshots;

/// <summary>The members have given up the history that a snapshot was to be compared with.</summary>
internal sealed class HistoryGoneException(KeyValueHash history, IEnumerable<string> answers) : IOException(
    $"the snapshot's history at revision {history.Revision} (compacted at {history.CompactRevision}) can be compared " +
    $"with no member's: {string.Join("; ", answers)}");
