using System.Text;
using System.Text.RegularExpressions;

namespace Kv.Interop.Tests.Sessions;

/// <summary>Takes out of etcdctl's output what differs between two runs against the same server: times, sizes, places
/// in the Raft log, versions, and the client's own log lines. Everything else must be equal.</summary>
public static class SessionText
{
    private static readonly (string Pattern, string Plain)[] Varying =
    [
        (@"took = [^\s,""]+", "took = T"),
        (@"""took"":""[^""]*""", @"""took"":T"),
        (@"\btook(:)? [0-9.]+[a-zµ]+", "took T"),
        (@"\b[0-9]+(\.[0-9]+)? [kMG]?B\b", "SIZE"),
        (@"remaining\([0-9]+s\)", "remaining(T)"),
        (@"""ttl"":[0-9]+", @"""ttl"":T"),
        (@"""(dbSize|dbSizeInUse|totalSize|raftTerm|raft_term|raftIndex|raftAppliedIndex)"":[0-9]+", @"""$1"":N"),
        (@"""(DBSize|DBSizeInUse|RaftTerm|RaftIndex|RaftAppliedIndex)"" : [0-9]+", @"""$1"" : N"),
        (@"(true|false), (true|false), [0-9]+, [0-9]+, [0-9]+,", "$1, $2, N, N, N,"),
        (@"(true|false) ([|│]) +(true|false) ([|│] +[0-9]+ ){3}[|│]", "$1 $2 $3 $2 N $2 N $2 N $2"),
        (@"\b3\.[4-9]\.[0-9]+\b", "VERSION"),

        // The width of a table follows its contents.
        (@" {2,}", " "),
        (@"-{3,}", "---"),
    ];

    // etcd lists the keys of a lease in an order by chance.
    private const string AttachedKeys = @"(?<=attached keys\(\[)[^\]]*(?=\])|(?<=""keys"":\[)[^\]]*(?=\])";

    public static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith("{\"level\":", StringComparison.Ordinal))
                continue;

            string kept = line;
            foreach ((string pattern, string replacement) in Varying)
                kept = Regex.Replace(kept, pattern, replacement);
            kept = Regex.Replace(kept, AttachedKeys, InOrder);
            plain.Append(kept.TrimEnd()).Append('\n');
        }

        return plain.ToString().TrimEnd('\n') + "\n";
    }

    private static string InOrder(Match keys)
    {
        char between = keys.Value.Contains(',') ? ',' : ' ';
        return string.Join(between, keys.Value.Split(between).Order(StringComparer.Ordinal));
    }
}
