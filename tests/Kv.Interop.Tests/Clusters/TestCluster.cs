using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Clusters;

/// <summary>Several members, each a process: ours, real etcds, or both. They are changed one at a time, as an operator
/// would.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly TempDirectory _folder = new();
    private readonly SortedDictionary<string, NodeProcess> _nodes = new(StringComparer.Ordinal);
    private readonly Func<NodeSettings, NodeSettings> _complete;

    private TestCluster(Func<NodeSettings, NodeSettings> complete) => _complete = complete;

    /// <summary>Those that run, by name.</summary>
    public IReadOnlyDictionary<string, NodeProcess> Nodes => _nodes;

    /// <summary>Starts m1, m2, ... together as a new cluster.</summary>
    public static Task<TestCluster> StartAsync(NodeProgram[] programs, params string[] flags) =>
        StartAsync(programs, settings => settings with { Extra = flags });

    /// <param name="complete">Adds to the settings of each member, also of those that join later.</param>
    public static Task<TestCluster> StartAsync(
        NodeProgram[] programs, Func<NodeSettings, NodeSettings> complete) =>
        StartAsync(programs, complete, static _ => Task.CompletedTask);

    /// <summary>The same, after the data directories were made ready.</summary>
    public static Task<TestCluster> StartAsync(
        NodeProgram[] programs, Func<NodeSettings, Task> prepare, params string[] flags) =>
        StartAsync(programs, settings => settings with { Extra = flags }, prepare);

    private static async Task<TestCluster> StartAsync(
        NodeProgram[] programs, Func<NodeSettings, NodeSettings> complete, Func<NodeSettings, Task> prepare)
    {
        var cluster = new TestCluster(complete);
        NodeSettings[] settings = [.. programs.Select((_, index) => cluster.SettingsOf($"m{index + 1}"))];
        string members = string.Join(',', settings.Select(each => $"{each.Name}={each.PeerUrl}"));
        settings = [.. settings.Select(each => each with { InitialCluster = members })];
        foreach (NodeSettings each in settings)
            await prepare(each);
        NodeProcess[] nodes =
            await Task.WhenAll(settings.Zip(programs, (each, program) => NodeProcess.StartAsync(program, each)));
        foreach (NodeProcess node in nodes)
            cluster._nodes.Add(node.Settings.Name, node);
        return cluster;
    }

    /// <summary>Adds a member as a learner, starts it and makes it a voter.</summary>
    public async Task JoinAsync(string name, NodeProgram program)
    {
        NodeSettings settings = SettingsOf(name) with { IsJoining = true };
        var request = new MemberAddRequest { IsLearner = true, PeerURLs = { settings.PeerUrl } };
        MemberAddResponse added = await AskAsync<MemberAddResponse>("Cluster/MemberAdd", request);
        string members = string.Join(',', added.Members.Select(member =>
            $"{(member.ID == added.Member.ID ? name : member.Name)}={member.PeerURLs[0]}"));
        _nodes.Add(name, await NodeProcess.StartAsync(program, settings with { InitialCluster = members }));
        if (program.IsOurs)
            await MustAnswerAsLearnerAsync(_nodes[name]);
        await AskAsync<MemberPromoteResponse>(
            "Cluster/MemberPromote", new MemberPromoteRequest { ID = added.Member.ID });
    }

    private static async Task MustAnswerAsLearnerAsync(NodeProcess learner)
    {
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8("a"), Serializable = true };
        await CallAsync<RangeResponse>(learner, "KV/Range", request);
        Assert.True((await CallAsync<StatusResponse>(learner, "Maintenance/Status", new StatusRequest())).IsLearner);
        request.Serializable = false;
        ApiException read = await Assert.ThrowsAsync<ApiException>(
            () => CallAsync<RangeResponse>(learner, "KV/Range", request));
        ApiException list = await Assert.ThrowsAsync<ApiException>(
            () => CallAsync<MemberListResponse>(learner, "Cluster/MemberList", new MemberListRequest()));
        Assert.Equal("etcdserver: rpc not supported for learner", read.Detail);
        Assert.Equal("etcdserver: rpc not supported for learner", list.Detail);
    }

    /// <summary>Takes a member out for good; a process that runs for it has to end by itself.</summary>
    public async Task RemoveAsync(string name)
    {
        ulong id = await IdOfAsync(name);
        bool isRunning = _nodes.Remove(name, out NodeProcess? node);
        await AskAsync<MemberRemoveResponse>("Cluster/MemberRemove", new MemberRemoveRequest { ID = id });
        if (!isRunning)
            return;
        await node!.WaitForExitAsync();
        await node.DisposeAsync();
    }

    public async Task KillAsync(string name)
    {
        await _nodes[name].KillAsync();
        await _nodes[name].DisposeAsync();
        _nodes.Remove(name, out NodeProcess? gone);
        _stopped[name] = gone!;
    }

    /// <summary>Asks a member to stop; what it has applied is in its page file then.</summary>
    public async Task StopAsync(string name)
    {
        await _nodes[name].StopAsync();
        await _nodes[name].DisposeAsync();
        _nodes.Remove(name, out NodeProcess? gone);
        _stopped[name] = gone!;
    }

    /// <summary>Writes other bytes of the same number in the place of some in the page file of a member that is
    /// stopped, as a disk does that lies.</summary>
    public void ChangeOnDisk(string name, string before, string after)
    {
        string path = Path.Combine(DirectoryOf(name), "member", "snap", "db");
        byte[] file = File.ReadAllBytes(path);
        byte[] wanted = System.Text.Encoding.ASCII.GetBytes(before);
        byte[] other = System.Text.Encoding.ASCII.GetBytes(after);
        Assert.Equal(wanted.Length, other.Length);
        int count = 0;
        for (int at = file.AsSpan().IndexOf(wanted); at >= 0; at = file.AsSpan().IndexOf(wanted))
        {
            other.CopyTo(file, at);
            count++;
        }

        Assert.True(count > 0, $"\"{before}\" is not in {path}");
        File.WriteAllBytes(path, file);
    }

    /// <summary>Starts a member that was stopped and that is expected to give up; returns it ended.</summary>
    public Task<NodeProcess> RestartToFailAsync(string name) =>
        NodeProcess.StartToFailAsync(_stopped[name].Program, _stopped[name].Settings);

    /// <summary>Starts a member again, with these flags too this time.</summary>
    public Task RestartAsync(string name, params string[] once) =>
        RestartAsync(name, _stopped[name].Program, once);

    /// <summary>Starts on a member's data another program than the one that was stopped.</summary>
    public async Task RestartAsync(string name, NodeProgram program, params string[] once)
    {
        _stopped.Remove(name, out NodeProcess? before);
        NodeSettings settings = _complete(before!.Settings);
        settings = settings with { Extra = [.. settings.Extra, .. once] };
        _nodes.Add(name, await NodeProcess.StartAsync(program, settings));
    }

    /// <summary>Deletes what a member that is stopped has on its disk.</summary>
    public void Wipe(string name)
    {
        Directory.Delete(DirectoryOf(name), recursive: true);
        _stopped.Remove(name);
    }

    /// <summary>Makes this member the leader.</summary>
    public async Task LeadAsync(string name)
    {
        ulong id = await IdOfAsync(name);
        await UntilAsync($"{name} leads", async () =>
        {
            ulong leader = (await StatusAsync(name)).Leader;
            if (leader == id)
                return true;
            foreach (NodeProcess node in _nodes.Values)
            {
                StatusResponse status = await StatusAsync(node.Settings.Name);
                if (status.Header.MemberId == status.Leader)
                {
                    await CallAsync<MoveLeaderResponse>(
                        node, "Maintenance/MoveLeader", new MoveLeaderRequest { TargetID = id });
                }
            }

            return false;
        });
    }

    public async Task<string> LeaderAsync()
    {
        string leader = "";
        await UntilAsync("somebody leads", async () =>
        {
            foreach (string name in _nodes.Keys)
            {
                StatusResponse status = await StatusAsync(name);
                if (status.Leader == status.Header.MemberId)
                    leader = name;
            }

            return leader.Length > 0;
        });
        return leader;
    }

    /// <summary>As the cluster lists them, in the order of names.</summary>
    public async Task<IReadOnlyList<string>> MemberNamesAsync()
    {
        MemberListResponse list = await AskAsync<MemberListResponse>("Cluster/MemberList", new MemberListRequest());
        return [.. list.Members.Select(member => member.Name).Order(StringComparer.Ordinal)];
    }

    public Task<StatusResponse> StatusAsync(string name) =>
        CallAsync<StatusResponse>(_nodes[name], "Maintenance/Status", new StatusRequest());

    /// <summary>Waits until all members have applied the same, and compares the hashes of their keys there.</summary>
    public async Task MustAgreeAsync()
    {
        string seen = "";
        await UntilAsync("all members have the same revision", async () =>
        {
            StatusResponse[] all = await Task.WhenAll(_nodes.Keys.Select(StatusAsync));
            seen = string.Join(' ', all.Select(each => each.Header.Revision));
            return all.Select(each => each.Header.Revision).Distinct().Count() == 1;
        });
        HashKVResponse[] hashes = await Task.WhenAll(_nodes.Values.Select(node =>
            CallAsync<HashKVResponse>(node, "Maintenance/HashKV", new HashKVRequest())));
        Assert.True(hashes.Select(each => (each.Hash, each.CompactRevision)).Distinct().Count() == 1, $"{seen}: "
            + string.Join(' ', hashes.Select(each => $"{each.Hash}@{each.CompactRevision}")));
    }

    /// <summary>Asks a member until it answers.</summary>
    public async Task<T> AskAsync<T>(string name, string method, IMessage request)
        where T : IMessage<T>, new()
    {
        T? answer = default;
        string last = "";
        await UntilAsync($"{name} answers {method}: {last}", async () =>
        {
            (answer, last) = await TryAsync<T>(_nodes[name], method, request);
            return answer is not null;
        });
        return answer!;
    }

    /// <summary>Asks a member for what it has to refuse.</summary>
    public Task<ApiException> RefuseAsync(string name, string method, IMessage request) =>
        Assert.ThrowsAsync<ApiException>(() => CallAsync<MemberPromoteResponse>(_nodes[name], method, request));

    public async ValueTask DisposeAsync()
    {
        foreach (NodeProcess node in _nodes.Values)
            await node.DisposeAsync();
        _folder.Dispose();
    }

    private readonly Dictionary<string, NodeProcess> _stopped = [];

    private NodeSettings SettingsOf(string name) => _complete(new NodeSettings(DirectoryOf(name)) { Name = name });

    private string DirectoryOf(string name) => Path.Combine(_folder.Path, name);

    // Asks one member after the other; a change that was made when its answer got lost is refused the second time.
    private async Task<T> AskAsync<T>(string method, IMessage request)
        where T : IMessage<T>, new()
    {
        T? answer = default;
        string last = "";
        await UntilAsync($"a member answers {method}", async () =>
        {
            foreach (NodeProcess node in _nodes.Values)
            {
                (answer, last) = await TryAsync<T>(node, method, request);
                if (answer is not null)
                    return true;
            }

            return false;
        }, () => last);
        return answer!;
    }

    public async Task<ulong> IdOfAsync(string name)
    {
        MemberListResponse list = await AskAsync<MemberListResponse>("Cluster/MemberList", new MemberListRequest());
        return list.Members.Single(member => member.Name == name).ID;
    }

    private static async Task<(T? Answer, string Refusal)> TryAsync<T>(
        NodeProcess node, string method, IMessage request)
        where T : IMessage<T>, new()
    {
        try
        {
            return (await CallAsync<T>(node, method, request), "");
        }
        catch (Exception refusal) when (refusal is ApiException or HttpRequestException or IOException
            or OperationCanceledException or TimeoutException)
        {
            return (default, $"{node.Settings.Name}: {refusal.Message}");
        }
    }

    private static async Task<T> CallAsync<T>(NodeProcess node, string method, IMessage request)
        where T : IMessage<T>, new()
    {
        using var client = new ApiClient(node.Url);
        return await client.CallAsync<T>(method, request).WaitAsync(TimeSpan.FromSeconds(10));
    }

    public async Task UntilAsync(string what, Func<Task<bool>> condition, Func<string>? last = null)
    {
        using var timer = new PeriodicTimer(Pause);
        using var deadline = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                IEnumerable<string> said = _nodes.Values.Select(node => $"== {node.Settings.Name}\n{node.Output}");
                Assert.Fail($"not within {Patience}: {what} {last?.Invoke()}\n{string.Join('\n', said)}");
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
