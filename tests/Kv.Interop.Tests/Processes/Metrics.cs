using System.Globalization;

namespace Kv.Interop.Tests.Processes;

/// <summary>Reads what a node says about itself at <c>/metrics</c>.</summary>
public static class Metrics
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Client = new();

    /// <summary>The value of a metric without labels; null if the node does not show it.</summary>
    public static async Task<double?> ReadAsync(Uri node, string name)
    {
        string text = await Client.GetStringAsync(new Uri(node, "/metrics"));
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(name + " ", StringComparison.Ordinal))
                return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
        }

        return null;
    }

    /// <summary>Waits until a metric has a value. When it does not come to it, the test fails with the one it
    /// has.</summary>
    public static async Task WaitForAsync(Uri node, string name, double wanted)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + WaitMax;
        double? found;
        do
        {
            found = await ReadAsync(node, name);
            if (found == wanted)
                return;
        }
        while (DateTime.UtcNow < end && await timer.WaitForNextTickAsync());
        Assert.Fail($"{name} is {found}, not {wanted}.");
    }
}
