using System.Net;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>The API server refused a request, or ended a watch with an error; <see cref="Status"/> is its own
/// account.</summary>
public sealed class KubernetesException(V1Status status, string request)
    : Exception($"{request}: {status.Message} ({status.Reason}, {status.Code})")
{
    public V1Status Status { get; } = status;

    /// <summary>One of <see cref="StatusReason"/>.</summary>
    public string Reason => Status.Reason ?? StatusReason.Unknown;

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Code => (HttpStatusCode)(Status.Code ?? 0);

    /// <summary>What the server found wrong with which field.</summary>
    public IReadOnlyList<V1StatusCause> Causes => [.. Status.Details?.Causes ?? []];

    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    public bool IsAlreadyExists => Reason == StatusReason.AlreadyExists;

    /// <summary>The object is not as the request supposed: read it again.</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict && !IsAlreadyExists;

    /// <summary>What was asked for is too long ago: list anew.</summary>
    public bool IsGone => Code == HttpStatusCode.Gone || Reason is StatusReason.Expired or StatusReason.Gone;

    /// <summary>The object itself is wrong; the same will be refused again.</summary>
    public bool IsInvalid => Code == HttpStatusCode.UnprocessableEntity;

    public bool IsForbidden => Code == HttpStatusCode.Forbidden;
}
