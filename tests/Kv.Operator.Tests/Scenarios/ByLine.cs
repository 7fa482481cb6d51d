using Xunit.Sdk;
using Xunit.v3;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Runs tests in the order in which they are written: each leaves its cluster to the next as it should be,
/// and makes one of its own if it finds none.</summary>
public sealed class ByLine : ITestCaseOrderer
{
    public IReadOnlyCollection<TTestCase> OrderTestCases<TTestCase>(IReadOnlyCollection<TTestCase> testCases)
        where TTestCase : notnull, ITestCase => [.. testCases.OrderBy(each => each.SourceLineNumber)];
}
