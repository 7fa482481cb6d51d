using Kv.Testing;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Linearizability;

/// <summary>The check against its twin that tries every order.</summary>
public sealed class TriedOrdersTests
{
    private const int HistoriesPerSeed = 150;

    [Theory]
    [Seeds(40)]
    public void The_verdict_is_that_of_trying_every_order(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < HistoriesPerSeed; round++)
        {
            History history = RandomHistory.Make(
                random, operations: random.Next(2, 7), clients: 3, keys: 2, isSpoiled: random.Next(2) == 0);
            bool expected = TriedOrders.IsLinearizable(history);

            Verdict verdict = LinearizabilityCheck.Run(history);

            Assert.True(
                verdict.IsLinearizable == expected,
                $"seed {seed}, round {round}: {verdict}\nbut tried: {expected}\n"
                + string.Join('\n', history.Operations) + "\n" + string.Join('\n', history.Observations));
        }
    }

    [Fact]
    public void There_are_enough_histories_of_both_kinds()
    {
        var random = new Random(1);
        int right = 0;
        int wrong = 0;
        for (int round = 0; round < 400; round++)
        {
            History history = RandomHistory.Make(random, operations: 6, clients: 3, keys: 2, isSpoiled: round % 2 == 0);
            if (LinearizabilityCheck.Run(history).IsLinearizable)
                right++;
            else
                wrong++;
        }

        Assert.InRange(right, 100, 340);
        Assert.InRange(wrong, 60, 300);
    }
}
