using System.Diagnostics;

namespace Kv.Interop.Tests.Processes;

/// <summary>A command that ran to its end, and what it said. One that has not ended within
/// <see cref="TimeMax"/> is killed, and its exit code is null.</summary>
public sealed record ProgramRun(string Command, int? ExitCode, string Output, string Errors)
{
    public static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    public bool Succeeded => ExitCode == 0;

    public static async Task<ProgramRun> StartAsync(
        string file,
        IReadOnlyList<string> arguments,
        string input = "",
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await FeedAsync(process, input);
        bool ended = await EndsAsync(process);
        if (!ended)
            process.Kill(entireProcessTree: true);

        string command = string.Join(' ', [Path.GetFileName(file), .. arguments]);
        return new ProgramRun(command, ended ? process.ExitCode : null, await output, await errors);
    }

    /// <summary>The run itself if it succeeded; otherwise the test fails with what the program said.</summary>
    public ProgramRun MustSucceed()
    {
        Assert.True(Succeeded, ToString());
        return this;
    }

    public override string ToString()
    {
        string exit = ExitCode is { } code ? $"exit {code}" : "did not end in time";
        return $"$ {Command}\n{exit}\n{Output}{Errors}";
    }

    private static async Task FeedAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A program that does not read its input may be gone by now.
        }
    }

    private static async Task<bool> EndsAsync(Process process)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeMax);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
