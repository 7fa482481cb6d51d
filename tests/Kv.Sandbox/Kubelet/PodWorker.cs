using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Runs one pod from its first volume to its last process, and keeps its status true.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without a timer holds nothing.")]
internal sealed class PodWorker
{
    private static readonly TimeSpan MountPause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(5);

    private readonly KubeletOptions _options;
    private readonly SandboxClient _client;
    private readonly EventWriter _events;
    private readonly PodPlace _place;
    private readonly PodSite _site;
    private readonly PodVolumes _volumes;
    private readonly List<ContainerRunner> _initial = [];
    private readonly List<ContainerRunner> _containers = [];
    private readonly Dictionary<ContainerRunner, Task> _running = [];
    private readonly CancellationTokenSource _leaving = new();
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile JsonObject _pod;
    private volatile bool _isGone;
    private JsonObject? _written;

    public PodWorker(KubeletOptions options, SandboxClient client, EventWriter events, JsonObject pod, PodPlace place)
    {
        _options = options;
        _client = client;
        _events = events;
        _place = place;
        _pod = pod;
        JsonObject own = pod.Copy();
        own.Ensure("status")["podIP"] = place.Address;
        own.Ensure("status")["hostIP"] = place.HostAddress;
        string directory = PodSite.DirectoryOf(options, pod);
        _volumes = new PodVolumes(client, own, Path.Combine(directory, "volumes"));
        _site = new PodSite(options, own, place.Address, _volumes)
        {
            OnChange = () => _changes.Writer.TryWrite(true),
            Tell = (type, reason, message) => _ = _events.WriteAsync(
                _pod, "v1", "Pod", type, reason, message, CancellationToken.None),
        };
        _initial.AddRange(own.Items("spec", "initContainers").Select(each => RunnerOf(each, isInitial: true)));
        _containers.AddRange(own.Items("spec", "containers").Select(each => RunnerOf(each, isInitial: false)));
        if (pod.Text("metadata", "deletionTimestamp") is not null)
            _leaving.Cancel();
    }

    public string Uid => _pod.Text("metadata", "uid") ?? "";

    public string Key => _pod.KeyOf();

    public string Address => _place.Address;

    public ContainerRunner? Find(string container) =>
        _containers.Concat(_initial).FirstOrDefault(each => each.Name == container);

    /// <summary>Takes in a newer version of the pod.</summary>
    public void Update(JsonObject pod)
    {
        _pod = pod;
        if (pod.Text("metadata", "deletionTimestamp") is not null)
            _leaving.Cancel();
        _changes.Writer.TryWrite(true);
    }

    /// <summary>Takes in that the pod is not there any more.</summary>
    public void Vanish()
    {
        _isGone = true;
        _leaving.Cancel();
    }

    /// <summary>Runs until the pod is gone, or the kubelet stops; then its processes have ended.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The top of a pod: what fails is told, and the others go on.")]
    public async Task RunAsync(CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, _leaving.Token);
        using var over = new CancellationTokenSource();
        Task status = WriteStatusAsync(over.Token);
        Task refreshing = RefreshAsync(over.Token);
        try
        {
            await StartAsync(ending.Token);

            // Containers that run do not end by themselves when the pod is to go.
            await Task.WhenAll(_running.Values).WaitAsync(ending.Token);
            await Pause.UntilAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The pod goes, or the kubelet.
        }
        catch (Exception fault)
        {
            _options.Log($"pod {Key}: {fault}");
        }

        await EndAsync(stop);
        await over.CancelAsync();
        await Task.WhenAll(status, refreshing);
        if (!stop.IsCancellationRequested)
            await RemoveAsync();
    }

    private ContainerRunner RunnerOf(JsonObject container, bool isInitial)
    {
        string policy = _pod.Text("spec", "restartPolicy") ?? "Always";
        if (isInitial && container.Text("restartPolicy") != "Always")
            policy = policy == "Never" ? "Never" : "OnFailure";
        else if (isInitial)
            policy = "Always";
        return new ContainerRunner(_options, _client, _site, container, policy) { IsInitial = isInitial };
    }

    private async Task StartAsync(CancellationToken stop)
    {
        _changes.Writer.TryWrite(true);
        while (await _volumes.PrepareAsync(stop) is { } fault)
        {
            _site.Tell("Warning", "FailedMount", fault);
            await Pause.ForAsync(MountPause, stop);
        }

        foreach (ContainerRunner runner in _initial)
        {
            Task running = runner.RunAsync(stop);
            _running[runner] = running;
            bool isSidecar = _pod.Items("spec", "initContainers").Any(
                each => each.Text("name") == runner.Name && each.Text("restartPolicy") == "Always");
            if (isSidecar)
                continue;
            await running.WaitAsync(stop);
            if (runner.State.ExitCode != 0 || stop.IsCancellationRequested)
                return;
        }

        foreach (ContainerRunner runner in _containers)
            _running[runner] = runner.RunAsync(stop);
    }

    private async Task EndAsync(CancellationToken stop)
    {
        TimeSpan grace = stop.IsCancellationRequested
            ? ShutdownGrace
            : _isGone ? TimeSpan.Zero : TimeSpan.FromSeconds(_pod.Number("metadata",
                "deletionGracePeriodSeconds") ?? 0);
        if (!stop.IsCancellationRequested)
            _site.Tell("Normal", "Killing", "Stopping the containers");
        await RunPreStopAsync(grace);
        await Task.WhenAll(_containers.Concat(_initial).Select(each => each.StopAsync(grace)));
        await Task.WhenAll(_running.Values);
    }

    private async Task RunPreStopAsync(TimeSpan grace)
    {
        foreach (JsonObject container in _site.Pod.Items("spec", "containers"))
        {
            string[] command = [.. container.Texts("lifecycle", "preStop", "exec", "command")];
            if (command.Length == 0 || grace == TimeSpan.Zero || Find(container.Text(
                "name") ?? "")?.State.Name != "running")
            {
                continue;
            }

            (Dictionary<string, string> variables, _) = await PodFields.ReadEnvironmentAsync(
                _client, _site.Pod, container, CancellationToken.None);
            variables["KV_SANDBOX"] = _options.Mark;
            using var limit = new CancellationTokenSource(grace);
            try
            {
                await _site.RunAsync(container, command, variables, limit.Token);
            }
            catch (OperationCanceledException)
            {
                _site.Tell("Warning", "FailedPreStopHook", "the hook took longer than the pod's grace period");
            }
        }
    }

    private async Task RemoveAsync()
    {
        _site.Remove();
        if (_isGone)
            return;
        try
        {
            await _client.DeleteAsync(_pod.To("v1", "pods"), new JsonObject
            {
                ["gracePeriodSeconds"] = 0,
                ["preconditions"] = new JsonObject { ["uid"] = Uid },
            });
        }
        catch (Exception fault) when (fault is ApiFaultException or HttpRequestException)
        {
            _options.Log($"pod {Key}: {fault.Message}");
        }
    }

    private async Task WriteStatusAsync(CancellationToken stop)
    {
        try
        {
            while (await _changes.Reader.WaitToReadAsync(stop))
            {
                _changes.Reader.TryRead(out _);
                await TryWriteStatusAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The pod is gone.
        }
    }

    private async Task TryWriteStatusAsync(CancellationToken stop)
    {
        JsonObject status = PodStatusForm.Of(_pod, _initial, _containers, _place);
        if (JsonFields.AreSame(_written, status))
            return;
        try
        {
            JsonObject patch = new()
            {
                ["metadata"] = new JsonObject { ["uid"] = Uid },
                ["status"] = status.Copy(),
            };
            await _client.MergeAsync(_pod.To("v1", "pods") + "/status", patch, stop);
            _written = status;
        }
        catch (ApiFaultException fault) when (fault.Code == 404)
        {
            Vanish();
        }
        catch (Exception fault) when (fault is ApiFaultException or HttpRequestException)
        {
            _options.Log($"pod {Key}: {fault.Message}");
            await Pause.ForAsync(MountPause, stop);
            _changes.Writer.TryWrite(true);
        }
    }

    private async Task RefreshAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(RefreshInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (_containers.Any(each => each.State.Name == "running"))
                    await TryRefreshAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The pod is gone.
        }
    }

    private async Task TryRefreshAsync(CancellationToken stop)
    {
        try
        {
            await _volumes.RefreshAsync(stop);
        }
        catch (Exception fault) when (fault is ApiFaultException or HttpRequestException or IOException)
        {
            _options.Log($"pod {Key}: {fault.Message}");
        }
    }
}
