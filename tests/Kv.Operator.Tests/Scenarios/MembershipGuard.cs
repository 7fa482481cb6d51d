using System.Globalization;
using Etcdserverpb;
using Grpc.Core;
using Kv.Operator.Members;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Looks at the members of a cluster all the time, and notes what must never be: two changes of members at
/// once, two leaders in one term, a member that has forgotten its term, or one of another cluster.</summary>
internal sealed class MembershipGuard : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(1);

    // No change is asked for, done, seen and followed by the next one in less time than this.
    private static readonly TimeSpan StepMin = TimeSpan.FromMilliseconds(100);

    private readonly ScenarioCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<string> _findings = [];
    private readonly List<string> _story = [];
    private readonly Dictionary<ulong, ulong> _terms = [];
    private readonly Dictionary<ulong, ulong> _leaders = [];
    private readonly Dictionary<ulong, (ulong Term, ulong Leader)> _said = [];
    private readonly Dictionary<ulong, long> _answered = [];
    private readonly Task _running;
    private Dictionary<ulong, bool> _members = [];
    private long _seenAt;
    private ulong _clusterId;

    public MembershipGuard(ScenarioCluster cluster)
    {
        _cluster = cluster;
        _running = Task.Run(RunAsync);
    }

    /// <summary>What became of the members, change by change.</summary>
    public string Story
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _story);
        }
    }

    /// <summary>Whether a process has called itself that member when it was asked after that time.</summary>
    public bool HasAnsweredSince(ulong member, long time)
    {
        lock (_gate)
            return _answered.GetValueOrDefault(member) > time;
    }

    public void MustHaveSeenNothingWrong()
    {
        lock (_gate)
            Assert.True(_findings.Count == 0, $"{string.Join('\n', _findings)}\n{string.Join('\n', _story)}");
    }

    /// <summary>The members as a quorum has them, from whoever answers.</summary>
    public async Task<IReadOnlyList<MemberLine>> ListAsync()
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        do
        {
            foreach (MemberEndpoint endpoint in _cluster.Serving())
            {
                if (await TryListAsync(endpoint) is { } list)
                    return list;
            }
        }
        while (TimeProvider.System.GetElapsedTime(start) < ScenarioCluster.Patience
            && await timer.WaitForNextTickAsync());
        Assert.Fail($"No member of {_cluster.Name} lists the members.\n{_cluster.Site.Log}");
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Look);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await Task.WhenAll(_cluster.Running().Select(AskAsync));
                foreach (MemberEndpoint endpoint in _cluster.Serving())
                {
                    long asked = TimeProvider.System.GetTimestamp();
                    if (await TryListAsync(endpoint) is not { } list)
                        continue;
                    Compare(list, asked);
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }

    private async Task AskAsync(MemberEndpoint endpoint)
    {
        try
        {
            long asked = TimeProvider.System.GetTimestamp();
            CallInvoker invoker = _cluster.Channels.For(endpoint);
            Note(endpoint.Member, asked, await new Maintenance.MaintenanceClient(invoker).StatusAsync(
                new StatusRequest(), deadline: DateTime.UtcNow + AnswerMax, cancellationToken: _stop.Token));
        }
        catch (RpcException)
        {
            // It does not serve; whether that matters is for others to say.
        }
    }

    private async Task<IReadOnlyList<MemberLine>?> TryListAsync(MemberEndpoint endpoint)
    {
        try
        {
            CallInvoker invoker = _cluster.Channels.For(endpoint);
            MemberListResponse list = await new Cluster.ClusterClient(invoker).MemberListAsync(
                new MemberListRequest { Linearizable = true }, deadline: DateTime.UtcNow + AnswerMax);
            return
            [
                .. list.Members.Select(each => new MemberLine(each.ID, each.Name, each.PeerURLs[0], each.IsLearner)),
            ];
        }
        catch (RpcException)
        {
            return null;
        }
    }

    private void Note(string member, long asked, StatusResponse status)
    {
        lock (_gate)
        {
            ulong id = status.Header.MemberId;
            _answered[id] = asked;
            if (_clusterId == 0)
                _clusterId = status.Header.ClusterId;
            if (_clusterId != status.Header.ClusterId)
                Find($"{member} is of the cluster {status.Header.ClusterId:x}, the others of {_clusterId:x}");
            if (status.RaftTerm < _terms.GetValueOrDefault(id))
                Find($"{member} ({id:x}) is in term {status.RaftTerm}, and was in {_terms[id]}: it has forgotten");
            _terms[id] = Math.Max(_terms.GetValueOrDefault(id), status.RaftTerm);
            (ulong Term, ulong Leader) said = (status.RaftTerm, status.Leader);
            bool isSaidAgain = _said.GetValueOrDefault(id) == said;
            _said[id] = said;
            if (status.Leader == 0 || (IsEtcd(status) && !isSaidAgain))
                return;
            if (_leaders.TryGetValue(status.RaftTerm, out ulong leader) && leader != status.Leader)
                Find($"term {status.RaftTerm} has the leaders {leader:x} and {status.Leader:x}");
            if (_leaders.TryAdd(status.RaftTerm, status.Leader))
                Tell($"term {status.RaftTerm}: leader {status.Leader:x}");
        }
    }

    // An etcd reads its term and its leader one after the other, so that while they change it tells of the next leader
    // in the last term: what it says counts when it says it twice. Ours tells both of one moment.
    private static bool IsEtcd(StatusResponse status) => status.Version.StartsWith("3.5.", StringComparison.Ordinal);

    private void Compare(IReadOnlyList<MemberLine> list, long asked)
    {
        lock (_gate)
        {
            var now = list.ToDictionary(each => each.Id, each => each.IsLearner);
            string text = string.Join(' ', list.OrderBy(each => each.Name, StringComparer.Ordinal).Select(each =>
                $"{each.Name}{(each.IsLearner ? "(learner)" : "")}={each.Id:x}"));
            int learners = list.Count(each => each.IsLearner);
            if (learners > 1)
                Find($"{learners} learners at once: {text}");
            int changes = now.Keys.Union(_members.Keys).Count(
                id => !now.TryGetValue(id, out bool isLearner) || !_members.TryGetValue(id, out bool was)
                    || isLearner != was);
            if (_seenAt != 0 && changes > 1 + (TimeProvider.System.GetElapsedTime(_seenAt) / StepMin))
                Find($"{changes} changes of members at once: {text}");
            if (changes > 0)
                Tell(text);
            _members = now;
            _seenAt = asked;
        }
    }

    private void Find(string finding)
    {
        Tell(finding);
        _findings.Add(finding);
    }

    private void Tell(string text) =>
        _story.Add($"{DateTime.UtcNow.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {text}");
}
