namespace Kv.Operator.Tests.Docs;

/// <summary>How it is known that each command of the documentation works. The first line that a command begins with
/// counts.</summary>
internal static class CommandTable
{
    private const string Install = "Kv.Operator.Tests/Charts/InstallTests.cs";
    private const string Releases = "Clusters_and_their_data_outlive_all_that_is_done_to_the_release";
    private const string Newcomer = "Kv.Operator.Tests/Commands/NewcomerTests.cs";
    private const string NoForwarding =
        "the API server of the sandbox forwards no ports; what is served there is tested";
    private const string NoMembers =
        "there are no members here, and etcdctl is compared with etcd's in Kv.Interop.Tests";

    public static IReadOnlyList<(string Begins, How How)> Lines { get; } =
    [
        ("kubectl apply", How.Run),
        ("kubectl annotate", How.Run),
        ("kubectl patch", How.Run),
        ("kubectl describe pod MEMBER -n NAMESPACE; kubectl logs", Logs),
        ("kubectl describe", How.Run),
        ("kubectl wait", How.Run),
        ("kubectl get certificates", How.Not("cert-manager is not there; CertManagerTests defines its Certificate")),
        ("kubectl get", How.Run),
        ("kubectl logs", Logs),
        ("kubectl top", How.Not("there is no server of metrics, which is not ours")),
        ("kubectl port-forward", How.Not(NoForwarding)),
        ("helm install", How.Test(Install, Releases, "\"install\"", "ChartFiles.Operator")),
        ("helm test", How.Test(Install, Releases, "\"test\"", "\"--namespace\"")),
        ("docker build", How.Test(
            "Kv.Operator.Tests/Charts/ImageTests.cs", "An_image_runs_its_program_as_nobody_and_says_how_it_is",
            "images")),
        ("dotnet run --project tests/Kv.Sandbox -- up", How.Test(Newcomer, "The_printed_lines_work_as_they_are")),
        ("dotnet run -c Release --project node/Kv.Server", How.Not(
            "the tests of Kv.Interop.Tests start the same program as it is published")),
        ("dotnet artifacts/bin/Kv.Operator.Tests", How.Not("it runs these very tests")),
        ("tests/run.sh", How.Not("it runs this very test")),
        ("etcdctl put hello world", How.Test(
            Newcomer, "The_printed_lines_work_as_they_are", "etcdctl", "put hello world")),
        ("etcdctl", How.Not(NoMembers)),
    ];

    private static How Logs =>
        How.Test(Newcomer, "Logs_are_those_of_the_node_and_of_the_operator", "\"logs\"");
}

/// <summary>How it is known that a command works: it is run; a test that is named does the same, and speaks of it in
/// these words; or it cannot be known here, for a reason.</summary>
internal sealed record How(string File, string Method, IReadOnlyList<string> Words, string Reason)
{
    public static How Run { get; } = new("", "", [], "");

    public bool IsRun => File.Length == 0 && Reason.Length == 0;

    /// <param name="file">Below tests/.</param>
    /// <param name="method">Of the test.</param>
    /// <param name="words">That stand in the file.</param>
    public static How Test(string file, string method, params string[] words) => new(file, method, words, "");

    public static How Not(string reason) => new("", "", [], reason);
}
