namespace Kv.Interop.Tests.Sessions;

/// <summary>The recorded commands that are not compared, and why. They are run all the same, for what they do to the
/// store.</summary>
public static class RecordedExclusions
{
    private const string Columns = "etcdctl 3.5 shows fewer fields of the answer";
    private const string Wording = "etcdctl 3.5 says it in other words, without asking the server";
    private const string Usage = "etcdctl 3.5 has another help text";
    private const string Enforcement = "nobody is asked yet who he is";

    /// <summary>Where etcdctl 3.5.30 itself differs from 3.7.1.</summary>
    public static readonly IReadOnlyDictionary<int, string> OfClient = new Dictionary<int, string>
    {
        [1] = "the client's own version",
        [4] = Columns,
        [5] = Columns,
        [6] = Columns,
        [7] = Columns,
        [8] = Columns,
        [9] = Columns,
        [13] = "etcdctl 3.5 shows a revision of 0, which 3.7 leaves out",
        [63] = Wording,
        [105] = Wording,
        [106] = Usage,
        [166] = Wording,
        [167] = Usage,
        [168] = Usage,
        [169] = "asks nobody",
    };

    /// <summary>Where a server of 3.5.30 differs from one of 3.7.1.</summary>
    public static readonly IReadOnlyDictionary<int, string> OfEtcd35 = new Dictionary<int, string>
    {
        [145] = "3.5 asks who wants to know the status of authentication",
    };

    /// <summary>What waits for authentication to be enforced: from its enabling to the status after its end.</summary>
    public static readonly IReadOnlyDictionary<int, string> OfOurs =
        Enumerable.Range(144, 0).ToDictionary(number => number, _ => Enforcement);
}
