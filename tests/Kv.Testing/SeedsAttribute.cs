using System.Globalization;
using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Kv.Testing;

/// <summary>Runs a theory once for each of the seeds 1 to <paramref name="count"/>. The seed is the test's argument and
/// so stands in its name; <c>KV_SEED=n</c> runs that one alone, also one beyond the count.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SeedsAttribute(int count) : DataAttribute
{
    private const string Variable = "KV_SEED";

    public int Count { get; } = count;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod,
        DisposalTracker disposalTracker)
    {
        IReadOnlyCollection<ITheoryDataRow> rows = [.. Seeds().Select(seed => new TheoryDataRow(seed))];
        return ValueTask.FromResult(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;

    private IEnumerable<int> Seeds()
    {
        string? wanted = Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrEmpty(wanted)
            ? Enumerable.Range(1, Count)
            : [int.Parse(wanted, CultureInfo.InvariantCulture)];
    }
}
