namespace Kv.Operator.Tests.Docs;

/// <summary>How it is known that each command of the documentation works. The first line that a command begins with
/// counts.</summary>
internal static class CommandTable
{
    private const string Newcomer = "Kv.Operator.Tests/Commands/NewcomerTests.cs";
    private const string NoForwarding =
        "the API server of the sandbox forwards no ports; what is served there is tested";

    public static IReadOnlyList<(string Begins, How How)> Lines { get; } =
    [
        ("kubectl apply --server-side -f charts/install.yaml", How.Followed),
        ("kubectl apply", How.Run),
        ("kubectl annotate", How.Run),
        ("kubectl patch", How.Run),
        ("kubectl describe pod MEMBER -n NAMESPACE; kubectl logs", How.Followed),
        ("kubectl describe", How.Run),
        ("kubectl wait", How.Run),
        ("kubectl get certificates", How.Not("cert-manager is not there; CertManagerTests defines its Certificate")),
        ("kubectl get", How.Run),
        ("kubectl delete kvc --all", How.Followed),
        ("kubectl delete crd", How.Followed),
        ("kubectl explain", How.Run),
        ("kubectl logs", How.Followed),
        ("kubectl top", How.Not("there is no server of metrics, which is not ours")),
        ("kubectl debug", How.Not("the kubelet of the sandbox knows no ephemeral containers")),
        ("kubectl port-forward", How.Not(NoForwarding)),
        ("helm install", How.Followed),
        ("helm test", How.Followed),
        ("helm uninstall", How.Followed),
        ("docker build", How.Test(
            "Kv.Operator.Tests/Charts/ImageTests.cs", "An_image_runs_its_program_as_nobody_and_says_how_it_is",
            "BuiltImages images")), // which are built by these very lines
        ("dotnet run --project tests/Kv.Sandbox -- up", How.Test(Newcomer, "The_printed_lines_work_as_they_are")),
        ("dotnet run -c Release --project node/Kv.Server", How.Followed),
        ("dotnet run -c Release --project tests/Kv.Simulation.Tests", How.Not("it takes minutes, or hours")),
        ("dotnet publish node/Kv.Server -c Release -r linux-x64", How.Not(
            "tests/run.sh has tests/tools/publish-node.sh do so, before any test")),
        ("dotnet publish node/Kv.Server -c Release -r linux-arm64", How.Not(
            "it takes the compilers for another machine")),
        ("dotnet artifacts/bin/Kv.Operator.Tests", How.Not("it runs these very tests")),
        ("tests/run.sh", How.Not("it runs this very test")),
        ("tests/Kv.Simulation.Tests/mutations.sh", How.Not("it takes hours")),
        ("kv-operator", How.Run),
        ("etcdctl", How.Followed),
    ];

    /// <summary>What is only named, in the middle of a sentence: nobody is told to run just this.</summary>
    public static IReadOnlySet<string> Names { get; } = new HashSet<string>
    {
        "dotnet run", "etcdctl make-mirror", "etcdctl member remove", "etcdctl snapshot save", "helm rollback",
        "helm uninstall", "helm upgrade", "kubectl apply", "kubectl describe", "kubectl describe certificate",
        "kubectl logs --previous", "kubectl scale", "kv-node snapshot restore --from URL", "kv-node snapshot status",
        "kv-node snapshot take", "kv-operator probe URL",
    };

    /// <summary>The line that counts for a command; -1 if there is none.</summary>
    public static int LineOf(DocCommand command) => Lines.ToList().FindIndex(line =>
        command.Text.StartsWith(line.Begins, StringComparison.Ordinal)
        && (command.Text.Length == line.Begins.Length || EndsWord(command.Text[line.Begins.Length])));

    private static bool EndsWord(char next) => !char.IsLetterOrDigit(next) && next != '-';

    public static How? HowOf(DocCommand command) => LineOf(command) is >= 0 and var line ? Lines[line].How : null;
}

/// <summary>How it is known that a command works: it is run, where nobody acts on what is asked, or where an operator
/// does; a test that is named does the same, and speaks of it in these words; or it cannot be known here, for a
/// reason.</summary>
internal sealed record How(string File, string Method, IReadOnlyList<string> Words, string Reason)
{
    /// <summary>By <see cref="CommandTests"/>.</summary>
    public static How Run { get; } = new("", "", [], "");

    /// <summary>By <see cref="FollowTests"/>.</summary>
    public static How Followed { get; } = new("", "", [], "") { NeedsOperator = true };

    public bool NeedsOperator { get; private init; }

    public bool IsRun => File.Length == 0 && Reason.Length == 0 && !NeedsOperator;

    /// <param name="file">Below tests/.</param>
    /// <param name="method">Of the test.</param>
    /// <param name="words">That stand in the file.</param>
    public static How Test(string file, string method, params string[] words) => new(file, method, words, "");

    public static How Not(string reason) => new("", "", [], reason);
}
