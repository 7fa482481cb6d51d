using System.Diagnostics;
using System.Globalization;
using Kv.Sandbox.Kubelet;

namespace Kv.Operator.Tests.Commands;

/// <summary><c>up</c> and <c>down</c>: what they leave, and what they say when something is wrong.</summary>
public sealed class UpDownTests : IDisposable
{
    private const int Interrupt = 2;

    private readonly SandboxProgram _sandbox = new();

    [Fact]
    public async Task Down_leaves_no_process_no_file_and_no_port()
    {
        (int code, string said) = await UpAsync();
        Assert.True(code == 0, said);
        string network = _sandbox.Network();
        Assert.NotEmpty(_sandbox.Processes());
        Assert.NotEmpty(SandboxProgram.Listening(network));

        (code, said) = await _sandbox.RunAsync("down");

        Assert.True(code == 0, said);
        Assert.Contains("is gone", said, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Processes());
        Assert.False(Directory.Exists(_sandbox.Folder));
        Assert.Empty(SandboxProgram.Listening(network));
        (code, said) = await _sandbox.RunAsync("down");
        Assert.Equal(0, code);
        Assert.Contains("There is no sandbox in", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_ends_up_and_leaves_nothing()
    {
        using Process process = _sandbox.Start("up", _sandbox.Write("solo.yaml", SandboxProgram.OneMember));
        await SandboxProgram.ReadUntilAsync(process, "Ctrl-C ends it");
        string network = _sandbox.Network();

        SystemCalls.Send(process.Id, Interrupt);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, process.ExitCode);
        Assert.Empty(_sandbox.Processes());
        Assert.False(Directory.Exists(_sandbox.Folder));
        Assert.Empty(SandboxProgram.Listening(network));
    }

    [Fact]
    public async Task An_interrupt_while_it_starts_leaves_nothing()
    {
        using Process process = _sandbox.Start("up");
        await SandboxProgram.ReadUntilAsync(process, "API server at");

        SystemCalls.Send(process.Id, Interrupt);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, process.ExitCode);
        Assert.Empty(_sandbox.Processes());
        Assert.False(Directory.Exists(_sandbox.Folder));
    }

    [Fact]
    public async Task What_a_killed_sandbox_left_is_cleared_away_by_the_next_up_and_by_down()
    {
        (int code, string said) = await UpAsync();
        Assert.True(code == 0, said);
        IReadOnlyList<int> first = KillOwner();
        Assert.NotEmpty(first);

        (code, said) = await UpAsync();
        Assert.True(code == 0, said);
        Assert.Empty(first.Intersect(_sandbox.Processes()));

        Assert.NotEmpty(KillOwner());
        (code, said) = await _sandbox.RunAsync("down");
        Assert.True(code == 0, said);
        Assert.Contains("is gone", said, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Processes());
        Assert.False(Directory.Exists(_sandbox.Folder));
    }

    [Fact]
    public async Task A_manifest_that_is_refused_is_told_and_leaves_nothing()
    {
        string wrong = _sandbox.Write("wrong.yaml", SandboxProgram.OneMember.Replace(
            "replicas: 1", "replicas: 12", StringComparison.Ordinal));

        (int code, string said) = await _sandbox.RunAsync("up", "--detach", wrong);

        Assert.Equal(1, code);
        Assert.Contains("spec.replicas", said, StringComparison.Ordinal);
        Assert.Contains("less than or equal to 9", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Processes());
        Assert.False(Directory.Exists(_sandbox.Folder));
    }

    [Theory]
    [InlineData("kind: [", "is no manifest: Line")]
    [InlineData("- a\n- b", "is no manifest: A document is no object.")]
    [InlineData("? { a: b }\n: c", "is no manifest: A key is no text.")]
    [InlineData("kind: KvCluster", "each document needs apiVersion, kind and metadata.name")]
    public async Task A_file_that_is_no_manifest_is_told_at_once(string text, string expected)
    {
        (int code, string said) = await _sandbox.RunAsync("up", _sandbox.Write("bad.yaml", text));

        Assert.Equal(1, code);
        Assert.Contains(expected, said, StringComparison.Ordinal);
        Assert.DoesNotContain("API server", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_sandbox.Folder));
    }

    [Fact]
    public async Task Wrong_words_and_missing_files_are_told()
    {
        (int code, string said) = await _sandbox.RunAsync("up", "--detached");
        Assert.Equal(1, code);
        Assert.Contains("--detached", said, StringComparison.Ordinal);

        (code, said) = await _sandbox.RunAsync("upp");
        Assert.Equal(1, code);
        Assert.Contains("upp", said, StringComparison.Ordinal);

        (code, said) = await _sandbox.RunAsync("up", _sandbox.PathOf("nothing.yaml"));
        Assert.Equal(1, code);
        Assert.Contains("There is no file", said, StringComparison.Ordinal);

        (code, said) = await _sandbox.RunAsync("up", "--operator", _sandbox.PathOf("nothing"));
        Assert.Equal(1, code);
        Assert.Contains("There is no program", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_somebody_else_is_left_alone()
    {
        Directory.CreateDirectory(_sandbox.Folder);
        string precious = Path.Combine(_sandbox.Folder, "thesis.txt");
        await File.WriteAllTextAsync(precious, "all of it");

        (int up, string said) = await _sandbox.RunAsync("up");
        (int detached, _) = await _sandbox.RunAsync("up", "--detach");
        (int down, string gone) = await _sandbox.RunAsync("down");

        Assert.Equal((1, 1, 0), (up, detached, down));
        Assert.Contains("holds other things than a sandbox", said, StringComparison.Ordinal);
        Assert.Contains("There is no sandbox in", gone, StringComparison.Ordinal);
        Assert.Equal("all of it", await File.ReadAllTextAsync(precious));
    }

    public void Dispose() => _sandbox.Dispose();

    private Task<(int Code, string Output)> UpAsync() =>
        _sandbox.RunAsync("up", "--detach", _sandbox.Write("solo.yaml", SandboxProgram.OneMember));

    /// <summary>Kills the process that the sandbox is; what is left of it.</summary>
    private IReadOnlyList<int> KillOwner()
    {
        int owner = int.Parse(
            File.ReadAllText(Path.Combine(_sandbox.Folder, "pid")), CultureInfo.InvariantCulture);
        using var process = Process.GetProcessById(owner);
        process.Kill();
        process.WaitForExit();
        return [.. _sandbox.Processes().Where(each => each != owner)];
    }
}
