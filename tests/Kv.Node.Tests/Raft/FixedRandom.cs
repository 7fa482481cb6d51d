namespace Kv.Node.Tests.Raft;

/// <summary>Chance as a transcript decides it.</summary>
internal sealed class FixedRandom(Func<int> next) : Random
{
    public override int Next(int maxValue) => next();
}
