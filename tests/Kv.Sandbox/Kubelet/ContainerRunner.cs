using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Runs one container of a pod, again and again if it is to be, and knows how it is.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without a timer holds nothing.")]
internal sealed class ContainerRunner(
    KubeletOptions options, SandboxClient client, PodSite site, JsonObject container, string restartPolicy)
{
    private static readonly TimeSpan CalmTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private ContainerProcess? _process;
    private ContainerLog? _log;
    private bool _hasReadiness;
    private bool _isReadinessGood;
    private string? _killReason;

    public string Name { get; } = container.Text("name") ?? "";

    public string Image { get; } = container.Text("image") ?? "";

    public ContainerState State { get; private set; } = ContainerState.Waiting("ContainerCreating");

    public ContainerState? LastState { get; private set; }

    public int RestartCount { get; private set; }

    public bool IsStarted { get; private set; }

    public bool IsReady => State.Name == "running" && IsStarted && (!_hasReadiness || _isReadinessGood);

    /// <summary>Whether it runs before the others.</summary>
    public bool IsInitial { get; init; }

    /// <summary>Names the process of the last run.</summary>
    public string ContainerId => _process is null ? "" : $"process://{_process.Id}";

    /// <summary>Whether it has ended and will not start again.</summary>
    public bool IsOver { get; private set; }

    public ContainerLog? Log => _log;

    public ContainerLog? PreviousLog { get; private set; }

    /// <summary>Runs until the container is over, or its pod goes.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stop, _stopping.Token);
        TimeSpan backoff = options.BackoffFirst;
        try
        {
            while (true)
            {
                DateTime begun = DateTime.UtcNow;
                int code = await RunOnceAsync(linked.Token);
                bool isAgain = restartPolicy == "Always" || (restartPolicy == "OnFailure" && code != 0);
                if (!isAgain || _stopping.IsCancellationRequested)
                    break;
                if (DateTime.UtcNow - begun > CalmTime)
                    backoff = options.BackoffFirst;
                LastState = State;
                await BackOffAsync(backoff, linked.Token);
                backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, options.BackoffMax.Ticks));
                RestartCount++;
            }
        }
        catch (OperationCanceledException) when (linked.IsCancellationRequested)
        {
            // The pod goes.
        }

        IsOver = true;
        site.OnChange();
    }

    /// <summary>Ends it for good.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        await _stopping.CancelAsync();
        if (_process is { } process)
            await process.StopAsync(grace);
    }

    private async Task BackOffAsync(TimeSpan backoff, CancellationToken stop)
    {
        if (backoff <= options.BackoffFirst)
        {
            await Pause.ForAsync(TimeSpan.FromMilliseconds(100), stop); // the first restart comes at once
            return;
        }

        string message = $"back-off {backoff.TotalSeconds:0}s restarting failed container={Name} pod={site.PodName}";
        Set(ContainerState.Waiting("CrashLoopBackOff", message));
        site.Tell("Warning", "BackOff", $"Back-off restarting failed container {Name} in pod {site.PodName}");
        await Pause.ForAsync(backoff, stop);
    }

    private async Task<int> RunOnceAsync(CancellationToken stop)
    {
        (LocalImage image, Dictionary<string, string> variables) = await PrepareAsync(stop);
        PreviousLog = _log;
        _log = new ContainerLog(site.LogPathOf(Name, RestartCount));
        DateTime started = DateTime.UtcNow;
        try
        {
            _process = ContainerProcess.Start(site.CommandOf(container, image, variables), variables, _log);
        }
        catch (Win32Exception fault)
        {
            Set(ContainerState.Terminated(started, 128, "StartError", fault.Message));
            return 128;
        }

        site.Tell("Normal", "Started", $"Started container {Name}");
        IsStarted = container.Map("startupProbe") is null;
        _hasReadiness = container.Map("readinessProbe") is not null;
        _isReadinessGood = false;
        _killReason = null;
        Set(ContainerState.Running(started));
        using var probing = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task probes = ProbeAsync(_process, variables, probing.Token);
        int code = await _process.Ended;
        await probing.CancelAsync();
        await probes;
        IsStarted = false;
        string reason = code == 0 ? "Completed" : "Error";
        string message = site.ReadMessage(container);
        if (message.Length == 0 && code != 0)
            message = _killReason ?? _log.LastLine ?? "";
        Set(ContainerState.Terminated(started, code, reason, message));
        return code;
    }

    /// <summary>Waits until the image and all that the environment refers to are there.</summary>
    private async Task<(LocalImage Image, Dictionary<string, string> Variables)> PrepareAsync(CancellationToken stop)
    {
        TimeSpan pause = RetryPause;
        while (true)
        {
            LocalImage? image = options.Images.Find(Image);
            (Dictionary<string, string> variables, string? fault) =
                await PodFields.ReadEnvironmentAsync(client, site.Pod, container, stop);
            if (image is not null && fault is null)
            {
                foreach ((string name, string value) in image.Variables)
                    variables.TryAdd(name, value);
                variables["KV_SANDBOX"] = options.Mark;
                variables.TryAdd("KUBERNETES_SERVICE_HOST", options.Server.Host);
                variables.TryAdd("KUBERNETES_SERVICE_PORT", $"{options.Server.Port}");
                QuickStart.AddTo(variables!);
                return (image, variables);
            }

            if (image is null)
            {
                bool isFirst = State.Reason != "ImagePullBackOff";
                string message = $"failed to pull image \"{Image}\": it is not among the images of this sandbox";
                Set(ContainerState.Waiting("ErrImagePull", message));
                if (isFirst)
                    site.Tell("Warning", "Failed", $"Failed to pull image \"{Image}\"");
                await Pause.ForAsync(RetryPause / 4, stop);
                Set(ContainerState.Waiting("ImagePullBackOff", $"Back-off pulling image \"{Image}\""));
            }
            else
            {
                Set(ContainerState.Waiting("CreateContainerConfigError", fault!));
                site.Tell("Warning", "Failed", $"Error: {fault}");
            }

            await Pause.ForAsync(pause, stop);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.BackoffMax.Ticks));
        }
    }

    private async Task ProbeAsync(
        ContainerProcess process, Dictionary<string, string> variables, CancellationToken stop)
    {
        if (container.Map("startupProbe") is { } startup)
        {
            await LoopOf(startup, variables, (isGood, why) =>
            {
                IsStarted |= isGood;
                if (!isGood)
                    KillFor(process, "Startup", why);
                site.OnChange();
            }).RunAsync(endsWithSuccess: true, stop);
        }

        List<Task> loops = [];
        if (container.Map("livenessProbe") is { } liveness)
        {
            loops.Add(LoopOf(liveness, variables, (isGood, why) =>
            {
                if (!isGood)
                    KillFor(process, "Liveness", why);
            }).RunAsync(endsWithSuccess: false, stop));
        }

        if (container.Map("readinessProbe") is { } readiness)
        {
            loops.Add(LoopOf(readiness, variables, (isGood, why) =>
            {
                _isReadinessGood = isGood;
                if (!isGood)
                    site.Tell("Warning", "Unhealthy", $"Readiness probe failed: {why}");
                site.OnChange();
            }).RunAsync(endsWithSuccess: false, stop));
        }

        await Task.WhenAll(loops);
    }

    private ProbeLoop LoopOf(JsonObject source, Dictionary<string, string> variables, Action<bool, string> tell)
    {
        var probe = new Probe(
            source, container, site.Address,
            (command, cancelled) => site.RunAsync(container, command, variables, cancelled));
        return new ProbeLoop(source, probe, tell);
    }

    private void KillFor(ContainerProcess process, string kind, string why)
    {
        _killReason = $"{kind} probe failed: {why}";
        site.Tell("Warning", "Unhealthy", _killReason);
        site.Tell("Normal", "Killing", $"Container {Name} failed {kind.ToLowerInvariant()} probe, will be restarted");
        _ = process.StopAsync(site.Grace);
    }

    private void Set(ContainerState state)
    {
        State = state;
        site.OnChange();
    }
}
