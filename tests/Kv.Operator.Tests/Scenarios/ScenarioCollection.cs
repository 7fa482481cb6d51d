namespace Kv.Operator.Tests.Scenarios;

/// <summary>Scenarios run one after the other and beside nothing else: some of them measure time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ScenarioCollection : ICollectionFixture<ScenarioSite>
{
    public const string Name = "Scenarios";
}
