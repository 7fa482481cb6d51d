using System.CommandLine;
using Kv.Sandbox.Commands;
using Spectre.Console;

namespace Kv.Sandbox;

/// <summary>The way in: <c>up</c> and <c>down</c>.</summary>
internal static class Program
{
    private const int WidthOfFiles = 1000;

    private static Task<int> Main(string[] arguments)
    {
        var directory = new Option<string>("--directory")
        {
            Description = "Where the sandbox keeps what it has.",
            DefaultValueFactory = _ => ".sandbox",
            Recursive = true,
        };
        var root = new RootCommand(
            "A Kubernetes to try the operator in: an API server, nodes and pods as processes of this machine. "
            + "For trying out and for tests, not for production.");
        root.Options.Add(directory);
        if (Console.IsOutputRedirected)
        {
            // A file has no edge at which lines would have to be broken, and no colours.
            AnsiConsole.Profile.Width = WidthOfFiles;
            AnsiConsole.Profile.Capabilities.Ansi = false;
        }

        root.Subcommands.Add(Up(directory, arguments));
        root.Subcommands.Add(Down(directory));
        return root.Parse(arguments).InvokeAsync();
    }

    private static Command Up(Option<string> directory, string[] arguments)
    {
        var manifest = new Argument<FileInfo?>("manifest")
        {
            Description = "What to apply; without one, a cluster of three members named demo.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var detach = new Option<bool>("--detach")
        {
            Description = "Return when the clusters are ready, and leave them running.",
        };
        var program = new Option<string?>("--operator")
        {
            Description = "Another program in the place of the built kv-operator.",
        };
        var background = new Option<bool>("--background") { Hidden = true };
        var command = new Command("up", "Make a sandbox and the clusters of a manifest in it.")
        {
            manifest, detach, program, background,
        };
        command.SetAction(async parsed =>
        {
            if (parsed.GetValue(manifest) is { Exists: false } missing)
            {
                await Console.Error.WriteLineAsync($"There is no file {missing.FullName}.");
                return 1;
            }

            string kvOperator = Path.GetFullPath(
                parsed.GetValue(program) ?? Path.Combine(AppContext.BaseDirectory, "kv-operator"));
            if (!File.Exists(kvOperator))
            {
                await Console.Error.WriteLineAsync($"There is no program {kvOperator}.");
                return 1;
            }

            var folder = new SandboxFolder(parsed.GetValue(directory)!);
            var up = new UpCommand(AnsiConsole.Console, folder)
            {
                Manifest = parsed.GetValue(manifest)?.FullName,
                IsBackground = parsed.GetValue(background),
                OperatorProgram = kvOperator,
            };
            return parsed.GetValue(detach) && !parsed.GetValue(background)
                ? await up.DetachAsync(arguments)
                : await up.RunAsync();
        });
        return command;
    }

    private static Command Down(Option<string> directory)
    {
        var command = new Command("down", "End a sandbox and remove all that it made.");
        command.SetAction(async parsed =>
        {
            var folder = new SandboxFolder(parsed.GetValue(directory)!);
            Console.WriteLine(await folder.EndAsync()
                ? $"The sandbox in {folder.Path} is gone."
                : $"There is no sandbox in {folder.Path}.");
            return 0;
        });
        return command;
    }
}
