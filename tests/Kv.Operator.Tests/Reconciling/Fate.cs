using System.Net;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Members;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>What befalls the operator's calls: they may be refused, or lost on the way there or back, and the operator
/// may die before a call or after it. All effects go through here, so here the laws of the world are kept.</summary>
public sealed class Fate
{
    /// <summary>What befalls a call; none if null.</summary>
    public Func<Call, Blow>? Strike { get; set; }

    /// <summary>What the operator has no right to (403).</summary>
    public Func<Call, bool>? Forbid { get; set; }

    /// <summary>Is told of every call that is about to have its effect, and throws for one that no operator may make.
    /// </summary>
    public Action<Call>? Law { get; set; }

    /// <summary>Counts the calls that changed something, by what they did.</summary>
    public Dictionary<string, int> Writes { get; } = [];

    public int WriteCount => Writes.Values.Sum();

    public int Reads { get; private set; }

    public int CountOf(string what) => Writes.GetValueOrDefault(what);

    /// <summary>Runs a call that only looks.</summary>
    public T Read<T>(Call call, Func<T> look) => Run(call with { IsWrite = false }, () =>
    {
        Reads++;
        return look();
    });

    /// <summary>Runs a call that has an effect.</summary>
    public T Write<T>(Call call, Func<T> effect) => Run(call, () =>
    {
        Law?.Invoke(call);
        T result = effect();
        Writes[call.What] = Writes.GetValueOrDefault(call.What) + 1;
        return result;
    });

    private T Run<T>(Call call, Func<T> effect)
    {
        if (Forbid?.Invoke(call) == true)
            throw Refusal(HttpStatusCode.Forbidden, StatusReason.Forbidden, call);
        Blow blow = Strike?.Invoke(call) ?? Blow.None;
        Die(blow == Blow.DiesBefore, call, "before");
        if (blow is Blow.Conflict or Blow.ServerFault or Blow.Busy or Blow.LostBefore)
            throw FailureOf(call, blow);
        T answer = effect();
        Die(blow == Blow.DiesAfter, call, "after");
        return blow == Blow.LostAfter ? throw FailureOf(call, blow) : answer;
    }

    private static void Die(bool isDying, Call call, string when)
    {
        if (isDying)
            throw new OperatorDiedException($"{call.What}, {when}");
    }

    private static Exception FailureOf(Call call, Blow blow) => (call.IsToMember, blow) switch
    {
        (true, _) => new MemberCallException($"{call.What}: {blow}"),
        (_, Blow.Conflict) => Refusal(HttpStatusCode.Conflict, StatusReason.Conflict, call),
        (_, Blow.ServerFault) => Refusal(HttpStatusCode.InternalServerError, StatusReason.InternalError, call),
        (_, Blow.Busy) => Refusal(HttpStatusCode.TooManyRequests, StatusReason.TooManyRequests, call),
        (_, Blow.LostBefore) => new HttpRequestException($"{call.What} did not arrive."),
        _ => new TimeoutException($"{call.What} was not answered."),
    };

    private static KubernetesException Refusal(HttpStatusCode code, string reason, Call call) =>
        new(new V1Status { Code = (int)code, Reason = reason, Message = $"{call.What} was struck" }, "memory");
}
