using Kv.Replication;
using Kv.Server.Configuration;
using Kv.Server.Observers;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Store.Leases;

namespace Kv.Server.Startup;

/// <summary>The files of a member, opened and brought in step, and the store that is in them. Nothing runs yet but the
/// lanes, and they have nothing to do.</summary>
internal sealed class OpenedMember : IDisposable
{
    private OpenedMember(MemberFiles files, MemberLanes lanes, OpenedLog log, StoreParts store)
    {
        Files = files;
        Lanes = lanes;
        Log = log;
        Store = store;
    }

    public MemberFiles Files { get; }

    public MemberLanes Lanes { get; }

    public OpenedLog Log { get; }

    public StoreParts Store { get; }

    public ulong MemberId => Log.Contents.Metadata.NodeId;

    public ulong ClusterId => Log.Contents.Metadata.ClusterId;

    /// <summary>Opens the member that lives in the data directory, or makes a new one there.</summary>
    /// <param name="found">Its log, if it was started before.</param>
    /// <param name="joined">The cluster that a new one becomes part of; null for a new cluster.</param>
    /// <exception cref="CorruptDataException">The files are damaged or do not belong together.</exception>
    /// <exception cref="IOException">The disk fails, or another process has the files open.</exception>
    public static OpenedMember Open(
        IDisk disk,
        NodeConfiguration configuration,
        LogSummary? found,
        JoinedCluster? joined,
        ITokens tokens,
        MemberLanes lanes,
        Observation observation)
    {
        var logOptions = new LogOptions(Observer: new LogObserver(observation.Metrics.Disk, observation.Log));
        StorageSettings storage = configuration.Storage;
        MemberFiles files = storage.Files;
        LogSummary summary = found ?? CreateLog(disk, files, configuration, joined, logOptions);
        long start = TimeProvider.System.GetTimestamp();
        var backend = Backend.Open(disk, files.PageFile, new BackendOptions
        {
            CommitLane = lanes.Commit,
            Pages = new PageFileOptions { Observer = new CommitObserver(observation.Metrics.Disk) },
            BatchInterval = storage.BatchInterval,
            BatchOperationsMax = storage.BatchOperationsMax,
        });
        Logging.Log.OpenedBackend(observation.Log, files.PageFile, TimeProvider.System.GetElapsedTime(start));
        OpenedLog opened = MemberLog.Open(disk, files, summary, backend, logOptions);
        if (opened.Contents.TornTail is { } torn)
            Logging.Log.RepairedLog(observation.Log, torn.Place.ToString(), torn.Place.Offset);
        if (found is not null && configuration.Bootstrap.IsForcedAlone)
            opened = ForceAlone(opened, backend, configuration, observation);
        return new OpenedMember(files, lanes, opened, OpenStore(configuration, backend, tokens, lanes, observation));
    }

    public void Dispose() => Store.Backend.Dispose();

    private static LogSummary CreateLog(
        IDisk disk, MemberFiles files, NodeConfiguration configuration, JoinedCluster? joined, LogOptions options)
    {
        if (joined is null)
        {
            return MemberIdentity.CreateLog(
                disk, files, configuration.Bootstrap, configuration.Member.Name, options);
        }

        return MemberLog.Create(
            disk, files, new LogMetadata(joined.MemberId, joined.ClusterId), members: [], options);
    }

    private static OpenedLog ForceAlone(
        OpenedLog opened, Backend backend, NodeConfiguration configuration, Observation observation)
    {
        var members = new MemberBook(backend, configuration.Bootstrap.LearnersMax);
        string[] peerUrls = [.. configuration.Member.AdvertisePeerUrls.Select(url => url.ToString())];
        OpenedLog forced = ForcedCluster.Make(opened, members, peerUrls);
        LogMetadata metadata = opened.Contents.Metadata;
        Logging.Log.ForcedAlone(
            observation.Log,
            MemberIds.ToText(metadata.NodeId),
            MemberIds.ToText(metadata.ClusterId),
            forced.State.HardState.Commit);
        return forced;
    }

    private static StoreParts OpenStore(
        NodeConfiguration configuration,
        Backend backend,
        ITokens tokens,
        MemberLanes lanes,
        Observation observation)
    {
        long start = TimeProvider.System.GetTimestamp();
        var leases = new LeaseBook(backend, MinimalLease(configuration.Timing));
        var compactions = new CompactionOptions
        {
            StepRows = configuration.Compaction.BatchRevisions,
            Observer = new CompactionObserver(
                observation.Metrics.Mvcc.Compaction, backend, TimeProvider.System, observation.Log),
        };
        var kv = MvccStore.Open(backend, leases, lanes.Compaction, compactions);
        Logging.Log.RestoredStore(observation.Log, kv.CurrentRevision, TimeProvider.System.GetElapsedTime(start));
        Logging.Log.RestoredIndex(observation.Log, backend.ConsistentIndex);
        return new StoreParts(
            backend,
            kv,
            leases,
            new AlarmBook(backend),
            new MemberBook(backend, configuration.Bootstrap.LearnersMax),
            new AuthBook(backend),
            tokens);
    }

    // A lease must outlive the election of a leader who could keep it alive: one and a half election timeouts.
    private static long MinimalLease(TimingSettings timing) => (long)Math.Ceiling(1.5 * timing.Election.TotalSeconds);
}
