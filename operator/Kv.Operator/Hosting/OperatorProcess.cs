using System.Runtime.CompilerServices;
using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Events;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.LeaderElection;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Pages;
using Kv.Operator.Planning;
using Kv.Operator.Reconciling;
using Kv.Operator.Snapshots;
using Kv.Operator.Trust;
using Kv.Telemetry;
using Microsoft.Extensions.Logging;

namespace Kv.Operator.Hosting;

/// <summary>The operator put together, to be run as a process of its own or inside of another.</summary>
public sealed class OperatorProcess(
    OperatorOptions options,
    KubernetesClientConfiguration configuration,
    ILoggerFactory loggers)
{
    private const string Name = "kv-operator";

    /// <summary>How patient plans are.</summary>
    public PlanTimes Times { get; init; } = new() { RollDeadline = options.RollDeadline };

    /// <summary>Where traces and metrics are sent to, if anywhere.</summary>
    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Off;

    /// <summary>Runs until it is stopped.</summary>
    /// <exception cref="LeadershipLostException">Another may lead; this process must end.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        // Before there is any instrument, so that none of what is counted is missed.
        using var telemetry = Telemetry.IsOn ? StartTelemetry() : null;
        using var metrics = new RuntimeMetrics();
        await RunAsync(metrics, stop);
        telemetry?.Dispose(); // while the instruments are still there, for the last time
    }

    private async Task RunAsync(RuntimeMetrics metrics, CancellationToken stop)
    {
        KubernetesClientConfiguration limited = configuration with
        {
            QueriesPerSecond = options.QueriesPerSecond,
            Burst = options.Burst,
        };
        using var client = new KubernetesClient(limited, metrics);
        using var electionClient = new KubernetesClient(configuration, metrics);
        using var channels = new MemberChannels(TimeProvider.System);
        ILogger logger = loggers.CreateLogger("Kv.Operator");
        await using var recorder = new EventRecorder(client, $"{Names.Group}/{Name}", Environment.MachineName, logger);
        var runtime = new OperatorRuntime(client, SettingsOf(options, configuration), metrics, loggers);
        var events = new RecordedEvents(recorder, logger);
        AddController(runtime, client, channels, events, logger);
        AddSnapshots(runtime, client, events);
        Informer<V1KvCluster> clusters = runtime.GetInformer<V1KvCluster>(
            new InformerOptions { Namespaces = options.Namespaces });
        Informer<V1KvSnapshot> snapshots = runtime.GetInformer<V1KvSnapshot>(
            new InformerOptions { Namespaces = options.Namespaces });
        _ = new ClusterMetrics(metrics.Meter, clusters.List, snapshots.List);
        if (options.HasStatusPage)
            AddStatusPage(runtime, clusters, snapshots, stop);

        string namespaces = options.Namespaces.Count == 0 ? "all" : string.Join(',', options.Namespaces);
        Log.Started(logger, options.Defaults.DefaultVersion, namespaces);
        await runtime.RunAsync(options.ElectsLeader ? electionClient : null, stop);
    }

    // A method of its own, as the runtime loads what a method uses before it runs it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private TelemetryExport StartTelemetry()
    {
        ILogger logger = loggers.CreateLogger("Kv.Operator");
        return TelemetryExport.Start(
            Telemetry,
            ReconcileSpan.SourceName,
            RuntimeMetrics.MeterName,
            TimeProvider.System,
            (what, count) => Log.LostTelemetry(logger, count, what));
    }

    private void AddController(
        OperatorRuntime runtime,
        KubernetesClient client,
        MemberChannels channels,
        RecordedEvents events,
        ILogger logger)
    {
        var cached = new CachedObjects(runtime, options.Namespaces, new LiveObjects(client), TimeProvider.System);
        var reconciler = new ClusterReconciler(
            client,
            cached,
            new GrpcMemberCalls(channels, TimeProvider.System),
            new ClusterTrust(client, TimeProvider.System) { Settling = options.TrustSettling },
            events,
            options.Defaults,
            TimeProvider.System)
        {
            Times = Times,
        };
        var controller = new KvClusterController(reconciler, logger);
        var how = new ControllerOptions
        {
            Name = "kvcluster",
            Workers = options.Workers,
            ReconcileMax = TimeSpan.FromMinutes(6), // a large store takes its time to be shortened
            Informer = cached.Clusters,
        };
        runtime.AddController(controller, how, builder => builder
            .AddFinalizer(Names.Finalizer, controller)
            .Watches<V1Pod>(cached.Parts, CachedObjects.ClusterOf)
            .Watches<V1PersistentVolumeClaim>(cached.Parts, CachedObjects.ClusterOf)
            .Watches<V1Service>(cached.PresentParts, CachedObjects.ClusterOf)
            .Watches<V1PodDisruptionBudget>(cached.PresentParts, CachedObjects.ClusterOf));
    }

    private void AddSnapshots(OperatorRuntime runtime, KubernetesClient client, RecordedEvents events)
    {
        var followed = new InformerOptions { Namespaces = options.Namespaces };
        var snapshots = new KvSnapshotController(
            new SnapshotReconciler(client, events, options.Defaults, TimeProvider.System));
        var how = new ControllerOptions
        {
            Name = "kvsnapshot",
            AutoAttachFinalizers = false, // most need none
            Informer = followed,
        };
        runtime.AddController(snapshots, how, builder => builder
            .AddFinalizer(SnapshotNames.Finalizer, snapshots)
            .Owns<V1Job>(followed with { LabelSelector = SnapshotNames.JobLabel }));

        var schedules = new SnapshotScheduleController(new ScheduleReconciler(client, events, TimeProvider.System));
        how = new ControllerOptions { Name = "snapshotschedule", AutoAttachFinalizers = false, Informer = followed };
        runtime.AddController(schedules, how, builder => builder
            .Watches<V1KvSnapshot>(followed, SnapshotScheduleController.ClusterOf));
    }

    private void AddStatusPage(
        OperatorRuntime runtime,
        Informer<V1KvCluster> clusters,
        Informer<V1KvSnapshot> snapshots,
        CancellationToken stop)
    {
        var page = new StatusPage(
            () => new PageScene
            {
                Clusters = clusters.List(),
                Snapshots = snapshots.List(),
                Namespaces = options.Namespaces,
                DefaultVersion = options.Defaults.DefaultVersion,
                Leads = runtime.Working.IsCompleted,
                AreCachesFilled = clusters.Synced.IsCompleted && snapshots.Synced.IsCompleted,
                Trouble = runtime.Live.Run() is { IsHealthy: false, Report: var report } ? report : null,
            },
            TimeProvider.System,
            stop);
        clusters.OnChange(_ => page.OnChange());
        snapshots.OnChange(_ => page.OnChange());
        runtime.AddPage("/", page.ShowAsync);
        runtime.AddPage("/events", page.TellAsync);
    }

    private static OperatorSettings SettingsOf(OperatorOptions options, KubernetesClientConfiguration configuration) =>
        new()
        {
            Name = Name,
            HealthAddress = options.HealthAddress,
            MetricsAddress = options.MetricsAddress,
            LeaderElection = options.ElectsLeader
                ? new LeaderElectionConfig
                {
                    LeaseName = Name,
                    LeaseNamespace = options.LeaseNamespace.Length > 0
                        ? options.LeaseNamespace
                        : configuration.Namespace,
                }
                : null,
        };
}
