using System.Diagnostics;

namespace Kv.Operator.Tests.Charts;

/// <summary>A program of this machine: run to its end, with all that it said.</summary>
internal static class Tool
{
    /// <summary>Runs it; the test fails if it does.</summary>
    public static async Task<string> RunAsync(ProcessStartInfo start, TimeSpan patience)
    {
        (int code, string output, string error) = await TryAsync(start, patience);
        Assert.True(code == 0, $"{Line(start)} ended with {code}:\n{output}{error}");
        return output;
    }

    public static async Task<(int Code, string Output, string Error)> TryAsync(
        ProcessStartInfo start, TimeSpan patience)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{Line(start)} does not end.\n{await output}{await error}");
        }

        return (process.ExitCode, await output, await error);
    }

    private static string Line(ProcessStartInfo start) => $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
}
