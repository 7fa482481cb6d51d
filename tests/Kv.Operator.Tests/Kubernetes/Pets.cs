using Kv.Kubernetes;
using Kv.Kubernetes.Reconciliation;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>A custom resource for tests of controllers.</summary>
[KubernetesEntity(Group = "example.io", ApiVersion = "v1", Kind = "Pet", PluralName = "pets")]
public sealed class Pet : CustomKubernetesEntity<PetSpec, PetStatus>;

public sealed class PetSpec : ApiModel
{
    public string? Food { get; set; }
}

public sealed class PetStatus : ApiModel
{
    public string? Mood { get; set; }
}

/// <summary>Does what the test says, and tells of every call.</summary>
internal sealed class PetController : IEntityController<Pet>
{
    private readonly System.Threading.Channels.Channel<string> _calls =
        System.Threading.Channels.Channel.CreateBounded<string>(10_000);

    public Func<Pet, CancellationToken, Task<ReconciliationResult<Pet>>> OnReconcile { get; set; } =
        (pet, _) => Task.FromResult(ReconciliationResult<Pet>.Success(pet));

    public int Waiting => _calls.Reader.Count;

    public Task<ReconciliationResult<Pet>> ReconcileAsync(Pet entity, CancellationToken cancellationToken)
    {
        Tell($"reconcile {entity.Name()} {entity.ResourceVersion()}");
        return OnReconcile(entity, cancellationToken);
    }

    public Task<ReconciliationResult<Pet>> DeletedAsync(Pet entity, CancellationToken cancellationToken)
    {
        Tell($"deleted {entity.Name()} {entity.ResourceVersion()}");
        return Task.FromResult(ReconciliationResult<Pet>.Success(entity));
    }

    public void Tell(string call) => Assert.True(_calls.Writer.TryWrite(call));

    public async Task<string> CallAsync() =>
        await _calls.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
}

internal sealed class PetFinalizer(PetController told) : IEntityFinalizer<Pet>
{
    public Func<Pet, Task<ReconciliationResult<Pet>>> OnFinalizeAsync { get; set; } =
        pet => Task.FromResult(ReconciliationResult<Pet>.Success(pet));

    public Task<ReconciliationResult<Pet>> FinalizeAsync(Pet entity, CancellationToken cancellationToken)
    {
        told.Tell($"finalize {entity.Name()} {entity.ResourceVersion()}");
        return OnFinalizeAsync(entity);
    }
}
