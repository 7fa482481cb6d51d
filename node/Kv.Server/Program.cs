using System.Collections;
using Kv.Server.Cli;
using Kv.Server.Configuration;
using Kv.Server.Logging;
using Kv.Server.Startup;
using Kv.Storage;
using Kv.Storage.Log;
using Microsoft.Extensions.Logging;

namespace Kv.Server;

/// <summary>The way in: reads what the command line, the environment and the configuration file say, and starts the
/// node.</summary>
internal static class Program
{
    private const int ExitFailed = 1;
    private const int ExitRefused = 2;

    private static async Task<int> Main(string[] arguments)
    {
        string program = InvokedName.Current;
        if (program == InvokedName.Etcdutl || NodeCommands.AreMeant(arguments))
            return new NodeCommands(new RealDisk(), Console.Out, Console.Error).Run(arguments);
        if (arguments is ["probe", string url])
            return await HealthProbe.RunAsync(url, Console.Out, Console.Error);

        switch (ConfigurationReader.Read(arguments, Sources(program)))
        {
            case ConfigurationOutcome.Print print:
                Console.Out.Write(print.Output);
                Console.Error.Write(print.Error);
                return 0;
            case ConfigurationOutcome.Refuse refusal:
                Console.Error.Write(refusal.Error);
                return ExitRefused;
            case ConfigurationOutcome.Start start:
                return await StartAsync(start, arguments);
            default:
                return ExitFailed;
        }
    }

    private static async Task<int> StartAsync(ConfigurationOutcome.Start start, string[] arguments)
    {
        if (!NodeLog.TryOpen(start.Configuration.Log, TimeProvider.System, out NodeLog? lines, out string? fault))
        {
            Console.Error.WriteLine(fault);
            return ExitFailed;
        }

        using (lines)
        {
            ILogger log = lines.CreateLogger("server");
            Log.Running(log, arguments);
            Notices.WriteTo(log, start.Notices);
            return await RunAsync(start.Configuration, log, lines);
        }
    }

    private static async Task<int> RunAsync(NodeConfiguration configuration, ILogger log, NodeLog lines)
    {
        try
        {
            using var node = new Node(configuration, log, Exit);
            return await node.RunAsync();
        }
        catch (Exception fault) when (
            fault is CorruptDataException or BootstrapException or IOException or UnauthorizedAccessException)
        {
            Log.FailedToStart(log, fault);
            return ExitFailed;
        }

        void Exit(int code)
        {
            lines.Dispose();
            Environment.Exit(code);
        }
    }

    private static ConfigurationSources Sources(string program) => new(
        Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => pair.Value as string ?? "", StringComparer.Ordinal),
        File.ReadAllText,
        storage => LogReader.Exists(new RealDisk(), storage.Files.Log))
    {
        Program = program,
    };
}
