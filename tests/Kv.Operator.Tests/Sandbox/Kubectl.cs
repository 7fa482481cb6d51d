using System.Diagnostics;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>The real kubectl.</summary>
internal sealed class Kubectl(string kubeconfig, string cache)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it; the test fails if it does.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        (int code, string output, string error) = await TryAsync(arguments);
        Assert.True(code == 0, $"kubectl {string.Join(' ', arguments)} ended with {code}:\n{output}{error}");
        return output + error;
    }

    /// <summary>Runs it with something on its input.</summary>
    public async Task<string> RunWithAsync(string input, params string[] arguments)
    {
        (int code, string output, string error) = await TryAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {string.Join(' ', arguments)} ended with {code}:\n{output}{error}");
        return output + error;
    }

    /// <summary>Runs it to see it fail; what it says.</summary>
    public async Task<string> FailAsync(string? input, params string[] arguments)
    {
        (int code, string output, string error) = await TryAsync(arguments, input);
        Assert.True(code != 0, $"kubectl {string.Join(' ', arguments)} was to fail:\n{output}{error}");
        return output + error;
    }

    public async Task<(int Code, string Output, string Error)> TryAsync(
        string[] arguments, string? input = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("kubectl", ["--kubeconfig", kubeconfig, "--cache-dir", cache, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"kubectl {string.Join(' ', arguments)} does not end.\n{await output}{await error}");
        }

        return (process.ExitCode, await output, await error);
    }
}
