using System.Text;
using Etcdserverpb;
using Mvccpb;

namespace Kv.Node.Tests.Watching;

/// <summary>Responses as lines of a transcript: <c>A 3 @7 put k=v (created 5, version 2, was u)</c> is an event at
/// revision 7 for watcher 3 of stream A.</summary>
internal static class WatchText
{
    public static string Describe(string stream, WatchResponse response)
    {
        var line = new StringBuilder($"{stream} {response.WatchId} @{response.Header.Revision}");
        if (response.Created)
            line.Append(" created");
        if (response.Canceled)
            line.Append(" canceled");
        if (response.CompactRevision != 0)
            line.Append(" compacted below ").Append(response.CompactRevision);
        if (response.CancelReason.Length > 0)
            line.Append(": ").Append(response.CancelReason);
        if (response.Fragment)
            line.Append(" fragment");
        foreach (Event told in response.Events)
            line.Append(' ').Append(Describe(told));
        if (response.Events.Count == 0 && !response.Created && !response.Canceled)
            line.Append(" progress");
        return line.Append('\n').ToString();
    }

    private static string Describe(Event told)
    {
        string was = told.PrevKv is null ? "" : $", was {Value(told.PrevKv)}";
        return told.Type == Event.Types.EventType.Delete
            ? $"[{told.Kv.ModRevision} delete {told.Kv.Key.ToStringUtf8()}{was}]"
            : $"[{told.Kv.ModRevision} put {told.Kv.Key.ToStringUtf8()}={Value(told.Kv)}{was}]";
    }

    // Long values are many times one letter.
    private static string Value(KeyValue keyValue)
    {
        string value = keyValue.Value.ToStringUtf8();
        return value.Length > 20 ? $"{value[0]}*{value.Length}" : value;
    }
}
