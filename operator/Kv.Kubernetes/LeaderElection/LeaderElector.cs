using Kv.Kubernetes.Client;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.LeaderElection;

/// <summary>Sees to it that one of several processes works. A Lease says who; its holder renews it, and the others
/// take it when it has not changed for as long as it is good for. That time is taken by our own clock from when we saw
/// the change: the holder's clock, which wrote the times in it, may be any other. Every write says which state it
/// replaces, so of two who try at once one fails.</summary>
public sealed class LeaderElector(
    IKubernetesClient client,
    LeaderElectionConfig config,
    RuntimeMetrics metrics,
    ILogger logger,
    TimeProvider time,
    Jitter jitter)
{
    private const double RetryJitter = 0.2;
    private const long NotYet = long.MinValue;

    private readonly string _name = $"{config.LeaseNamespace}/{config.LeaseName}";
    private V1Lease? _observed;
    private long _observedAt;
    private long _turnAt = NotYet;
    private volatile bool _leads;

    /// <summary>Whether we led when we last looked, and may still.</summary>
    public bool IsLeader => _leads && time.GetElapsedTime(Interlocked.Read(ref _observedAt)) < config.LeaseDuration;

    /// <summary>How long ago the election last made a turn: if it hangs, nobody renews.</summary>
    public TimeSpan SinceTurn => Interlocked.Read(ref _turnAt) is var turnAt && turnAt == NotYet
        ? TimeSpan.Zero // an election that has not begun does not hang
        : time.GetElapsedTime(turnAt);

    /// <summary>Waits until we lead.</summary>
    public async Task AcquireAsync(CancellationToken stop)
    {
        metrics.LeaderElection.Set(config.LeaseName, leads: false);
        while (!await TryAsync(stop))
            await PauseAsync(stop);
        _leads = true;
        metrics.LeaderElection.Set(config.LeaseName, leads: true);
        Log.LeaseTaken(logger, _name, config.Identity);
    }

    /// <summary>Renews until it is stopped.</summary>
    /// <exception cref="LeadershipLostException">Another took it, or it could not be renewed in time.</exception>
    public async Task HoldAsync(CancellationToken stop)
    {
        long renewedAt = time.GetTimestamp();
        while (true)
        {
            await PauseAsync(stop);

            // Bounds the turn also if a request outlasts its own limit.
            var left = config.RenewDeadline - time.GetElapsedTime(renewedAt);
            if (left > TimeSpan.Zero && await TryWithinAsync(left, stop))
            {
                renewedAt = time.GetTimestamp();
                continue;
            }

            bool isTaken = _observed?.Spec.HolderIdentity is { Length: > 0 } holder && holder != config.Identity;
            if (isTaken || time.GetElapsedTime(renewedAt) >= config.RenewDeadline)
            {
                _leads = false;
                metrics.LeaderElection.Set(config.LeaseName, leads: false);
                Log.LeaseLost(logger, _name);
                throw new LeadershipLostException(_name);
            }
        }
    }

    /// <summary>Lets the others lead at once. Only after all work has ended.</summary>
    public async Task ReleaseAsync(CancellationToken cancelled)
    {
        if (!_leads || _observed is not { } lease)
            return;
        _leads = false;
        metrics.LeaderElection.Set(config.LeaseName, leads: false);
        try
        {
            lease.Spec.HolderIdentity = "";
            lease.Spec.LeaseDurationSeconds = 1;
            lease.Spec.RenewTime = time.GetUtcNow().UtcDateTime;
            await client.UpdateAsync(lease, cancelled);
        }
        catch (Exception failure) when (IsOfTheWay(failure) || failure is OperationCanceledException)
        {
            Log.LeaseNotReleased(logger, _name, failure.Message);
        }
    }

    private Task PauseAsync(CancellationToken stop) =>
        Task.Delay(jitter.Between(config.RetryPeriod, config.RetryPeriod * (1 + RetryJitter)), time, stop);

    private async Task<bool> TryWithinAsync(TimeSpan most, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            return await TryAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Takes or renews the lease, if that is possible now.</summary>
    private async Task<bool> TryAsync(CancellationToken cancelled)
    {
        Interlocked.Exchange(ref _turnAt, time.GetTimestamp());
        try
        {
            // What we wrote last is what is there, unless somebody was quicker; then the server says so.
            if (_leads && _observed is not null && await TryRenewAsync(_observed, cancelled))
                return true;

            metrics.LeaderElection.CountSlowPath(config.LeaseName);
            var lease = await client.GetAsync<V1Lease>(config.LeaseName, config.LeaseNamespace, cancelled);
            if (lease is null)
            {
                Observe(await client.CreateAsync(NewLease(), cancelled));
                return true;
            }

            if (!IsSame(lease, _observed))
                Observe(lease);
            return !IsHeldByAnother(lease) && await TryRenewAsync(lease, cancelled);
        }
        catch (KubernetesException lost) when (lost.IsConflict || lost.IsAlreadyExists)
        {
            return false;
        }
        catch (Exception failure) when (IsOfTheWay(failure))
        {
            Log.LeaseFailed(logger, _name, failure.Message);
            return false;
        }
    }

    private async Task<bool> TryRenewAsync(V1Lease lease, CancellationToken cancelled)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var next = Json.KubernetesJson.Clone(lease);
        bool isOurs = lease.Spec.HolderIdentity == config.Identity;
        next.Spec.HolderIdentity = config.Identity;
        next.Spec.LeaseDurationSeconds = (int)config.LeaseDuration.TotalSeconds;
        next.Spec.RenewTime = now;
        if (!isOurs)
        {
            next.Spec.AcquireTime = now;
            next.Spec.LeaseTransitions = (lease.Spec.LeaseTransitions ?? 0) + 1;
        }

        try
        {
            Observe(await client.UpdateAsync(next, cancelled));
            return true;
        }
        catch (KubernetesException lost) when (lost.IsConflict || lost.IsNotFound)
        {
            return false;
        }
    }

    private bool IsHeldByAnother(V1Lease lease)
    {
        if (string.IsNullOrEmpty(lease.Spec.HolderIdentity) || lease.Spec.HolderIdentity == config.Identity)
            return false;
        var goodFor = TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? config.LeaseDuration.TotalSeconds);
        return time.GetElapsedTime(Interlocked.Read(ref _observedAt)) < goodFor;
    }

    private void Observe(V1Lease lease)
    {
        if (lease.Spec.HolderIdentity != config.Identity
            && lease.Spec.HolderIdentity != _observed?.Spec.HolderIdentity)
        {
            Log.LeaseHeldByAnother(logger, _name, lease.Spec.HolderIdentity);
        }

        _observed = lease;
        Interlocked.Exchange(ref _observedAt, time.GetTimestamp());
    }

    private static bool IsSame(V1Lease lease, V1Lease? other) =>
        other is not null
        && lease.Spec.HolderIdentity == other.Spec.HolderIdentity
        && lease.Spec.RenewTime == other.Spec.RenewTime
        && lease.Spec.AcquireTime == other.Spec.AcquireTime
        && lease.Spec.LeaseTransitions == other.Spec.LeaseTransitions;

    private V1Lease NewLease()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new V1Lease
        {
            Metadata = { Name = config.LeaseName, NamespaceProperty = config.LeaseNamespace },
            Spec =
            {
                HolderIdentity = config.Identity,
                LeaseDurationSeconds = (int)config.LeaseDuration.TotalSeconds,
                AcquireTime = now,
                RenewTime = now,
                LeaseTransitions = 0,
            },
        };
    }

    private static bool IsOfTheWay(Exception failure) =>
        failure is KubernetesException or HttpRequestException or IOException or TimeoutException
            or Configuration.KubeConfigException;
}
