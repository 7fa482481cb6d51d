using System.Diagnostics.CodeAnalysis;

namespace Kv.Raft;

/// <summary>What this node holds and what others say cannot both be true if every node kept its promises: a log was
/// emptied, cut, altered or restored from an old copy. To go on could lose what was acknowledged, so
/// the process must end; its owner reports the message and does not catch this to carry on.</summary>
public sealed class RaftSafetyException(string message) : Exception(message)
{
    [DoesNotReturn]
    internal static void Throw(string message) => throw new RaftSafetyException(message);
}
