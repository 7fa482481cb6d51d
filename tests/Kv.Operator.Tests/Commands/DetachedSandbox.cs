using Kv.Operator.Tests.Sandbox;

namespace Kv.Operator.Tests.Commands;

/// <summary>A sandbox with the demo, made as a newcomer makes it: <c>up --detach</c>.</summary>
public sealed class DetachedSandbox : IAsyncLifetime
{
    internal SandboxProgram Program { get; } = new();

    /// <summary>What <c>up</c> printed.</summary>
    public string Said { get; private set; } = "";

    internal Kubectl Kubectl => Program.Kubectl;

    /// <summary>The line that was printed for a program.</summary>
    public string LineOf(string program) => Said.Split('\n').Select(line => line.Trim()).First(
        line => line.StartsWith(program, StringComparison.Ordinal));

    public async ValueTask InitializeAsync()
    {
        (int code, Said) = await Program.RunAsync("up", "--detach");
        Assert.True(code == 0, Said);
    }

    public async ValueTask DisposeAsync()
    {
        await Program.RunAsync("down");
        Program.Dispose();
    }
}
