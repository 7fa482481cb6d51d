using System.Collections.Frozen;
using System.Text;

namespace Kv.Server.Configuration;

/// <summary>Every flag that etcd knows, from one list: what is parsed, what <c>--help</c> prints, what the
/// documentation says and which environment variables are read cannot drift apart.</summary>
public static class FlagTable
{
    public const string EnvironmentPrefix = "ETCD_";

    private static readonly FrozenDictionary<string, Flag> ByName =
        FlagList.Rows.ToFrozenDictionary(flag => flag.Name, StringComparer.Ordinal);

    public static IReadOnlyList<Flag> All => FlagList.Rows;

    private static readonly FrozenDictionary<string, Flag> BySuccessor =
        FlagList.Rows.Where(flag => flag.State == FlagState.Former)
            .ToFrozenDictionary(flag => flag.Successor!, StringComparer.Ordinal);

    /// <summary>What etcd 3.5 calls that flag, if it had another name.</summary>
    public static Flag? FormerOf(string name) => BySuccessor.GetValueOrDefault(name);

    public static Flag? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The flag that was perhaps meant by <paramref name="name"/>, which is none.</summary>
    public static string? Nearest(string name)
    {
        const string Experimental = "experimental-";
        if (name.StartsWith(Experimental, StringComparison.Ordinal) && ByName.ContainsKey(name[Experimental.Length..]))
            return name[Experimental.Length..];

        int distanceMax = Math.Min(2, name.Length / 4);
        return All.Where(flag => flag.State != FlagState.Removed)
            .Select(flag => (flag.Name, Distance: EditDistance(name, flag.Name)))
            .Where(candidate => candidate.Distance <= distanceMax)
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    public static string ToUsage()
    {
        var text = new StringBuilder();
        foreach (var group in All.Where(flag => flag.State != FlagState.Removed).GroupBy(flag => flag.Group))
        {
            text.Append('\n').Append(group.Key).Append(":\n");
            foreach (Flag flag in group)
            {
                text.Append("  --").Append(flag.Name).Append(" '").Append(flag.Default).Append("'\n    ");
                text.Append(flag.Description).Append(Remark(flag)).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>The table of node/FLAGS.md.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder();
        foreach (var group in All.GroupBy(flag => flag.Group))
        {
            text.Append("### ").Append(group.Key).Append("\n\n");
            text.Append("| flag | default | what it does | |\n|---|---|---|---|\n");
            foreach (Flag flag in group)
            {
                string value = flag.Default.Length == 0 ? "" : $"`{flag.Default.Replace("|", "\\|")}`";
                text.Append("| `--").Append(flag.Name).Append("` | ").Append(value).Append(" | ");
                text.Append(flag.Description).Append(" | ").Append(Status(flag)).Append(" |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Remark(Flag flag) =>
        flag.State == FlagState.Implemented ? "" : $" ({Status(flag)})";

    private static string Status(Flag flag) => flag.State switch
    {
        FlagState.Implemented => "",
        FlagState.Ignored => $"no effect: {flag.Reason}",
        FlagState.Unsupported => "not supported yet",
        FlagState.Former => "former name",
        FlagState.Gone => $"gone: {flag.Reason}",
        _ => "given up by etcd, ignored",
    };

    /// <summary>Levenshtein's distance, one row of his matrix at a time.</summary>
    private static int EditDistance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
