using System.Globalization;
using System.Net;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Trust;

namespace Kv.Operator.Hosting;

/// <summary>What the command line says. Each flag can also be a variable: <c>--health-address</c> is
/// <c>KV_OPERATOR_HEALTH_ADDRESS</c>; the flag goes before.</summary>
public sealed record OperatorOptions
{
    private const string Prefix = "KV_OPERATOR_";

    /// <summary>Namespaces that are looked at; empty for all.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    public IPEndPoint HealthAddress { get; init; } = new(IPAddress.Any, 8081);

    public IPEndPoint MetricsAddress { get; init; } = new(IPAddress.Any, 8080);

    /// <summary>Whether there is a page for people beside the metrics.</summary>
    public bool HasStatusPage { get; init; } = true;

    public bool ElectsLeader { get; init; } = true;

    /// <summary>Namespace of the lease; that of the operator if empty.</summary>
    public string LeaseNamespace { get; init; } = "";

    /// <summary>A kubeconfig; empty for the usual places, inside a cluster or out of it.</summary>
    public string KubeConfig { get; init; } = "";

    public int Workers { get; init; } = 8;

    public double QueriesPerSecond { get; init; } = 50;

    public int Burst { get; init; } = 100;

    public bool LogsJson { get; init; } = true;

    /// <summary>A pod with new settings that does not serve by then stops the roll.</summary>
    public TimeSpan RollDeadline { get; init; } = new PlanTimes().RollDeadline;

    /// <summary>Between the steps of a change of authority: in it every process has read its files again.</summary>
    public TimeSpan TrustSettling { get; init; } = AuthorityPlan.DefaultSettling;

    public OperatorDefaults Defaults { get; init; } = new();

    public static string Help { get; } = string.Join(
        '\n', Table.Select(flag => $"  --{flag.Name,-22} {flag.Text}").Prepend("Flags of kv-operator:")) + "\n";

    private static (string Name, string Text, Func<OperatorOptions, string, OperatorOptions> Set)[] Table =>
    [
        ("namespaces", "Namespaces to look at, by commas; all if empty.", (options, text) => options with
        {
            Namespaces = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        }),
        ("health-address", "Where /healthz and /readyz are served (0.0.0.0:8081).",
            (options, text) => options with { HealthAddress = IPEndPoint.Parse(text) }),
        ("metrics-address", "Where /metrics is served (0.0.0.0:8080).",
            (options, text) => options with { MetricsAddress = IPEndPoint.Parse(text) }),
        ("status-page", "Whether a page of all clusters is served beside /metrics, at / (true).",
            (options, text) => options with { HasStatusPage = bool.Parse(text) }),
        ("leader-elect", "Whether several operators elect one that works (true).",
            (options, text) => options with { ElectsLeader = bool.Parse(text) }),
        ("lease-namespace", "Namespace of the lease (the operator's own).",
            (options, text) => options with { LeaseNamespace = text }),
        ("kubeconfig", "Kubeconfig, if not from the usual places.",
            (options, text) => options with { KubeConfig = text }),
        ("workers", "Clusters that are worked on at the same time (8).",
            (options, text) => options with { Workers = Number(text, 1, 256) }),
        ("qps", "Requests a second to the API (50).",
            (options, text) => options with { QueriesPerSecond = Number(text, 1, 10_000) }),
        ("burst", "Requests at once to the API (100).",
            (options, text) => options with { Burst = Number(text, 1, 10_000) }),
        ("log-format", "json or text (json).", (options, text) => options with
        {
            LogsJson = text switch { "json" => true, "text" => false, _ => throw new FormatException() },
        }),
        ("roll-deadline", "Seconds until a pod with new settings that does not serve stops the roll (600).",
            (options, text) => options with { RollDeadline = TimeSpan.FromSeconds(Number(text, 1, 86_400)) }),
        ("trust-settling", "Seconds between the steps of a change of certificate authority (300).",
            (options, text) => options with { TrustSettling = TimeSpan.FromSeconds(Number(text, 1, 86_400)) }),
        ("image-repository", "Images of the node, without tag.",
            (options, text) => options with { Defaults = options.Defaults with { ImageRepository = text } }),
        ("default-version", "Version of clusters that name none.",
            (options, text) => options with { Defaults = options.Defaults with { DefaultVersion = text } }),
        ("cluster-domain", "What names of Services end in (cluster.local).",
            (options, text) => options with { Defaults = options.Defaults with { ClusterDomain = text } }),
    ];

    /// <summary>All that is wrong is told at once.</summary>
    public static OperatorOptions Parse(
        IReadOnlyList<string> arguments, Func<string, string?> environment, out IReadOnlyList<string> faults)
    {
        var found = new List<string>();
        var options = new OperatorOptions();
        foreach ((string name, _, Func<OperatorOptions, string, OperatorOptions> set) in Table)
        {
            string variable = Prefix + name.ToUpperInvariant().Replace('-', '_');
            if (environment(variable) is { } value)
                options = Apply(options, variable, value, set, found);
        }

        for (int index = 0; index < arguments.Count; index++)
        {
            string[] parts = arguments[index].Split('=', 2);
            string name = parts[0].TrimStart('-');
            var flag = Table.FirstOrDefault(flag => flag.Name == name && parts[0].StartsWith('-'));
            if (flag.Set is null)
                found.Add($"{parts[0]} is no flag of this program.");
            else if (parts.Length == 2)
                options = Apply(options, parts[0], parts[1], flag.Set, found);
            else if (++index < arguments.Count)
                options = Apply(options, parts[0], arguments[index], flag.Set, found);
            else
                found.Add($"{parts[0]} lacks its value.");
        }

        faults = found;
        return options;
    }

    private static OperatorOptions Apply(
        OperatorOptions options,
        string name,
        string value,
        Func<OperatorOptions, string, OperatorOptions> set,
        List<string> faults)
    {
        try
        {
            return set(options, value);
        }
        catch (FormatException)
        {
            faults.Add($"{name} cannot be '{value}'.");
            return options;
        }
    }

    private static int Number(string text, int minimum, int maximum) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out int number) && number >= minimum && number <= maximum
            ? number
            : throw new FormatException();
}
