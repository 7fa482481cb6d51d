using System.Text;

namespace Kv.Interop.Tests.Sessions;

/// <summary>Compares two lists of blocks, and tells of the first few that differ.</summary>
public static class SessionDifference
{
    private const int ShownMax = 25;

    public static void MustBeEmpty(
        string expectedName,
        IReadOnlyList<string> expected,
        string actualName,
        IReadOnlyList<string> actual)
    {
        var report = new StringBuilder();
        int different = 0;
        for (int index = 0; index < Math.Max(expected.Count, actual.Count); index++)
        {
            string wanted = index < expected.Count ? expected[index] : "nothing\n";
            string found = index < actual.Count ? actual[index] : "nothing\n";
            if (wanted == found)
                continue;

            different++;
            if (different <= ShownMax)
                report.Append($"==== {expectedName}\n{wanted}==== {actualName}\n{found}\n");
        }

        Assert.True(different == 0, $"{different} of {expected.Count} commands differ.\n{report}");
    }
}
