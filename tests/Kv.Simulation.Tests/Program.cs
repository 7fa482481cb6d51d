using Xunit.Runner.InProc.SystemConsole;

namespace Kv.Simulation.Tests;

/// <summary>Runs the tests; or, with options of <see cref="RunCommand"/>, seed after seed for as long as
/// asked.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments) =>
        RunCommand.IsMeant(arguments) ? RunCommand.Run(arguments) : await ConsoleRunner.Run(arguments);
}
