using System.Globalization;
using System.Text;

namespace Kv.Interop.Tests.Wire;

/// <summary>What a replay compared, what it left out and why, and where the answers differ.</summary>
public sealed class ReplayReport
{
    private const int ShownMax = 12;

    private readonly Dictionary<string, int> _excluded = new(StringComparer.Ordinal);
    private readonly List<string> _differences = [];
    private int _compared;

    public void Exclude(string reason, int count = 1) =>
        _excluded[reason] = _excluded.GetValueOrDefault(reason) + count;

    public void Compare(string? difference)
    {
        _compared++;
        if (difference is not null)
            _differences.Add(difference);
    }

    /// <summary>Fails the test with the first differences, if there are any; otherwise it prints the numbers.</summary>
    public void MustBeClean(string program)
    {
        string numbers = Numbers();
        TestContext.Current.TestOutputHelper?.WriteLine(numbers);
        Assert.True(
            _differences.Count == 0,
            $"{program}: {_differences.Count} answers differ.\n{numbers}\n"
                + string.Join('\n', _differences.Take(ShownMax)));
    }

    private string Numbers()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{_compared} compared, {_excluded.Values.Sum()} left out");
        foreach ((string reason, int count) in _excluded.OrderByDescending(pair => pair.Value))
            text.Append(CultureInfo.InvariantCulture, $"\n  {count,4}  {reason}");
        return text.ToString();
    }
}
