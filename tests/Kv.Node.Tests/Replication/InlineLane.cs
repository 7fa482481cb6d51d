using Kv.Storage;

namespace Kv.Node.Tests.Replication;

/// <summary>A lane whose work is done by who posts it.</summary>
internal sealed class InlineLane : ILane
{
    public void Post(Action work) => work();
}
