using System.Diagnostics.CodeAnalysis;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Kubernetes.Queues;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Turns changes of objects into passes over keys: what its informers see goes into a queue, from which
/// workers take. A key that fails is tried again for ever.</summary>
public sealed class Controller<TEntity> : IController, IDisposable
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ControllerOptions _options;
    private readonly Reconciler<TEntity> _reconciler;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ControllerMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    internal Controller(
        ControllerOptions options,
        Reconciler<TEntity> reconciler,
        RuntimeMetrics metrics,
        ILogger logger,
        TimeProvider time)
    {
        _options = options;
        _reconciler = reconciler;
        _queue = new WorkQueue<ObjectKey>(options.Name, options.Queue, metrics, time);
        _metrics = metrics.Controllers;
        _logger = logger;
        _time = time;
        _metrics.Track(options.Name, options.Workers);
    }

    public string Name => _options.Name;

    /// <summary>Asks for a pass over an object though nothing of Kubernetes has changed.</summary>
    public void Enqueue(ObjectKey key) => _queue.Add(key);

    /// <summary>Works until it is stopped, and returns when the last worker has ended.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, _options.Workers).Select(_ => Task.Run(() => WorkAsync(stop), stop)))
            .ContinueWith(
                static ended => ended.IsFaulted ? ended : Task.CompletedTask, // cancelled is how it ends
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default)
            .Unwrap();

    public void Dispose() => _queue.Dispose();

    private async Task WorkAsync(CancellationToken stop)
    {
        while (true)
        {
            var key = await _queue.TakeAsync(stop);
            long start = _time.GetTimestamp();
            _metrics.Begin(Name);
            try
            {
                await PassAsync(key, stop);
            }
            finally
            {
                _metrics.End(Name, _time.GetElapsedTime(start));
                _queue.Done(key);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a reconcile: one object must not stop the rest.")]
    private async Task PassAsync(ObjectKey key, CancellationToken stop)
    {
        using var span = ReconcileSpan.Begin(Name, key);
        using var limit = new CancellationTokenSource(_options.ReconcileMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        long start = _time.GetTimestamp();
        try
        {
            var result = await _reconciler.RunAsync(key, either.Token);
            if (result is { IsFailure: true })
                OnFailure(key, result);
            else
                OnSuccess(key, result?.RequeueAfter, _time.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Whoever is next will look at it again: all keys are new to a new process.
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            _metrics.CountTimeout(Name);
            ReconcileSpan.AddEvent("timeout");
            Fail(key, $"The pass took longer than {_options.ReconcileMax}.");
        }
        catch (TerminalReconcileException terminal)
        {
            _metrics.CountTerminal(Name);
            CountResult("error");
            _queue.Forget(key);
            Log.ReconcileEnded(_logger, Name, key, terminal.Message);
        }
        catch (KubernetesException conflict) when (conflict.IsConflict)
        {
            CountResult("requeue");
            Log.ReconcileConflicted(_logger, Name, key, _queue.AddRateLimited(key), conflict.Message);
        }
        catch (Exception failure) when (
            failure is KubernetesException or HttpRequestException or IOException or TimeoutException)
        {
            Fail(key, failure.Message);
        }
        catch (Exception failure)
        {
            _metrics.CountPanic(Name);
            CountResult("error");
            Log.ReconcileBroke(_logger, failure, Name, key, _queue.AddRateLimited(key));
        }
    }

    private void OnSuccess(ObjectKey key, TimeSpan? requeueAfter, TimeSpan took)
    {
        _queue.Forget(key);
        if (requeueAfter is { } delay)
            _queue.AddAfter(key, delay);
        CountResult(requeueAfter is null ? "success" : "requeue_after");
        Log.Reconciled(_logger, Name, key, took, requeueAfter);
    }

    private void OnFailure(ObjectKey key, ReconciliationResult<TEntity> result)
    {
        // Whoever says when to come back knows better than the back-off.
        if (result.RequeueAfter is not { } delay)
        {
            Fail(key, result.ErrorMessage ?? "");
            return;
        }

        CountResult("error");
        _queue.AddAfter(key, delay);
        Log.ReconcileFailed(_logger, Name, key, delay, result.ErrorMessage ?? "");
    }

    private void Fail(ObjectKey key, string cause)
    {
        CountResult("error");
        Log.ReconcileFailed(_logger, Name, key, _queue.AddRateLimited(key), cause);
    }

    private void CountResult(string result)
    {
        _metrics.CountResult(Name, result);
        ReconcileSpan.SetResult(result);
    }
}
