using System.Diagnostics.CodeAnalysis;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>How a pass over an object went, and when to come back to it.</summary>
[SuppressMessage("Design", "CA1000", Justification = "The shape that users of KubeOps know.")]
public sealed record ReconciliationResult<TEntity>
    where TEntity : IKubernetesObject<V1ObjectMeta>
{
    private ReconciliationResult(TEntity entity, bool isSuccess)
    {
        Entity = entity;
        IsSuccess = isSuccess;
    }

    public TEntity Entity { get; }

    [MemberNotNullWhen(false, nameof(ErrorMessage))]
    public bool IsSuccess { get; }

    [MemberNotNullWhen(true, nameof(ErrorMessage))]
    public bool IsFailure => !IsSuccess;

    public string? ErrorMessage { get; private init; }

    public Exception? Error { get; private init; }

    /// <summary>When to come back though nothing changes. Null: after a success not at all; after a failure when its
    /// back-off is over.</summary>
    public TimeSpan? RequeueAfter { get; private init; }

    public static ReconciliationResult<TEntity> Success(TEntity entity, TimeSpan? requeueAfter = null) =>
        new(entity, isSuccess: true) { RequeueAfter = requeueAfter };

    public static ReconciliationResult<TEntity> Failure(
        TEntity entity,
        string errorMessage,
        Exception? error = null,
        TimeSpan? requeueAfter = null) =>
        new(entity, isSuccess: false) { ErrorMessage = errorMessage, Error = error, RequeueAfter = requeueAfter };
}
