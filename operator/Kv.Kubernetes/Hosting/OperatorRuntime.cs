using Kv.Kubernetes.Client;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.LeaderElection;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Kubernetes.Reconciliation;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.Hosting;

/// <summary>Runs controllers: the HTTP site first, then the informers, then, once the caches are filled and this
/// process leads, the workers; and ends them in the reverse order. Informers are shared by all who want the same. A
/// process that loses the lead ends: <see cref="RunAsync"/> throws.</summary>
public sealed class OperatorRuntime
{
    private readonly IKubernetesClient _client;
    private readonly OperatorSettings _settings;
    private readonly RuntimeMetrics _metrics;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private readonly Jitter _jitter;
    private readonly Dictionary<(Type, string), object> _informers = [];
    private readonly List<RunningInformer> _running = [];
    private readonly List<IController> _controllers = [];
    private readonly Dictionary<string, RequestDelegate> _pages = [];
    private readonly TaskCompletionSource _working = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OperatorRuntime(
        IKubernetesClient client,
        OperatorSettings settings,
        RuntimeMetrics metrics,
        ILoggerFactory loggers,
        TimeProvider? time = null,
        Jitter? jitter = null)
    {
        (_client, _settings, _metrics, _loggers) = (client, settings, metrics, loggers);
        _time = time ?? TimeProvider.System;
        _jitter = jitter ?? new Jitter(new Random());
        Ready.Add("caches", () => _running.Find(each => !each.Synced.IsCompleted) is { } empty
            ? $"{empty.Name} has not been listed"
            : null);
        Live.Add("informers", () => _running.Find(each => each.SinceContact() > settings.SilenceMax) is { } silent
            ? $"{silent.Name} has heard nothing for {silent.SinceContact()}"
            : null);
    }

    /// <summary>What <c>/healthz</c> asks.</summary>
    public HealthChecks Live { get; } = new();

    /// <summary>What <c>/readyz</c> asks.</summary>
    public HealthChecks Ready { get; } = new();

    /// <summary>Ends when the workers have been let loose.</summary>
    public Task Working => _working.Task;

    /// <summary>The informer for these objects, one for all who ask alike. Only before the start.</summary>
    public Informer<TEntity> GetInformer<TEntity>(InformerOptions options)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string wanted = string.Join(
            '|', [.. options.Namespaces, options.LabelSelector, options.FieldSelector, $"{options.MetadataOnly}"]);
        if (_informers.TryGetValue((typeof(TEntity), wanted), out object? known))
            return (Informer<TEntity>)known;

        var logger = _loggers.CreateLogger("Kv.Kubernetes.Informers");
        var informer = new Informer<TEntity>(_client, options, _metrics, logger, _time, _jitter);
        _informers.Add((typeof(TEntity), wanted), informer);
        _running.Add(new RunningInformer(
            informer.Name, informer.Synced, () => informer.SinceContact, informer.RunAsync));
        return informer;
    }

    /// <summary>Adds a page to what is served beside the metrics. Only before the start.</summary>
    public void AddPage(string path, RequestDelegate page) => _pages.Add(path, page);

    /// <summary>Adds a controller for the objects of a kind. Only before the start.</summary>
    public Controller<TEntity> AddController<TEntity>(
        IEntityController<TEntity> implementation,
        ControllerOptions options,
        Action<ControllerBuilder<TEntity>>? configure = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var builder = new ControllerBuilder<TEntity>(this);
        configure?.Invoke(builder);
        var informer = GetInformer<TEntity>(options.Informer);
        var reconciler = new Reconciler<TEntity>(
            _client, informer, implementation, builder.Finalizers, options.AutoAttachFinalizers);
        var logger = _loggers.CreateLogger("Kv.Kubernetes.Reconciliation");
        var controller = new Controller<TEntity>(options, reconciler, _metrics, logger, _time);
        informer.OnChange(change =>
        {
            reconciler.Observe(change);
            if (builder.Filter(change))
                controller.Enqueue(ObjectKey.Of(change.New));
        });
        builder.Connect(controller, informer);
        _controllers.Add(controller);
        return controller;
    }

    /// <summary>Runs until it is stopped.</summary>
    /// <param name="electionClient">A client of its own for the lease, which must not wait behind others; null if
    /// there is no election.</param>
    /// <exception cref="LeadershipLostException">Another may lead; this process must end.</exception>
    /// <exception cref="TimeoutException">The caches were not filled in time.</exception>
    public async Task RunAsync(IKubernetesClient? electionClient, CancellationToken stop)
    {
        var elector = CreateElector(electionClient);
        await using var site = await StartSiteAsync();
        using var informersStop = new CancellationTokenSource();
        var informers = Task.WhenAll(_running.Select(each => each.RunAsync(informersStop.Token)));
        try
        {
            await SyncAsync(informers, stop);
            if (elector is null)
                await WorkAsync(election: null, informers, stop);
            else
                await LeadAsync(elector, informers, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before there was anything to end.
        }
        finally
        {
            await informersStop.CancelAsync();
            await informers;
        }
    }

    private LeaderElector? CreateElector(IKubernetesClient? electionClient)
    {
        if (_settings.LeaderElection is not { } config)
            return null;
        var client = electionClient ?? throw new ArgumentNullException(nameof(electionClient));
        var logger = _loggers.CreateLogger("Kv.Kubernetes.LeaderElection");
        var elector = new LeaderElector(client, config, _metrics, logger, _time, _jitter);
        var turnMax = config.LeaseDuration + config.RenewDeadline;
        Live.Add("leader-election", () => elector.SinceTurn > turnMax
            ? $"no turn for {elector.SinceTurn}"
            : null);
        return elector;
    }

    private async Task<OperatorSite?> StartSiteAsync() => _settings.HealthAddress is { } health
        ? await OperatorSite.StartAsync(
            health, _settings.MetricsAddress ?? health, Live, Ready, _metrics.Exporter, _pages)
        : null;

    private async Task SyncAsync(Task informers, CancellationToken stop)
    {
        var synced = Task.WhenAll(_running.Select(each => each.Synced));
        try
        {
            var first = await Task.WhenAny(synced, informers).WaitAsync(_settings.SyncMax, _time, stop);
            await first;
        }
        catch (TimeoutException)
        {
            var names = _running.Where(each => !each.Synced.IsCompleted).Select(each => each.Name);
            throw new TimeoutException(
                $"Not listed within {_settings.SyncMax}: {string.Join(", ", names)}. May the operator list them?");
        }
    }

    private async Task LeadAsync(LeaderElector elector, Task informers, CancellationToken stop)
    {
        await (await Task.WhenAny(elector.AcquireAsync(stop), informers));
        using var holdStop = new CancellationTokenSource();
        var election = elector.HoldAsync(holdStop.Token);
        try
        {
            await WorkAsync(election, informers, stop);
        }
        finally
        {
            await holdStop.CancelAsync();
            await election.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // told by what awaited it first
        }

        // All work has ended, so the next may begin.
        using var limit = new CancellationTokenSource(_settings.LeaderElection!.RequestMax, _time);
        await elector.ReleaseAsync(limit.Token);
    }

    /// <summary>Lets the workers work until it is stopped, the lead is lost, or something that must run has
    /// ended.</summary>
    private async Task WorkAsync(Task? election, Task informers, CancellationToken stop)
    {
        using var workersStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var workers = Task.WhenAll(_controllers.Select(each => each.RunAsync(workersStop.Token)));
        _working.TrySetResult();
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registered = stop.Register(stopped.SetResult);
        List<Task> ends = [workers, informers, stopped.Task, .. election is null ? [] : new[] { election }];
        var first = await Task.WhenAny(ends);

        await workersStop.CancelAsync();
        try
        {
            await workers.WaitAsync(_settings.StopMax, _time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            var logger = _loggers.CreateLogger("Kv.Kubernetes.Hosting");
            Log.WorkersLeftBehind(
                logger, string.Join(", ", _controllers.Select(each => each.Name)), _settings.StopMax);
            throw;
        }

        await first; // the failure, if it was one
    }

    private sealed record RunningInformer(
        string Name,
        Task Synced,
        Func<TimeSpan> SinceContact,
        Func<CancellationToken, Task> RunAsync);
}
