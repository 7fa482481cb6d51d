using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Kv;

/// <summary>Thrown when the program is wrong, not its input. Nothing catches it: the process ends and restarts
/// from disk, which turns what could be lost data into a lost second.</summary>
internal sealed class InvariantViolationException(string message) : Exception(message);

/// <summary>Checks that stay on in production. Compiled into each project that needs them, because the lowest
/// projects reference nothing.</summary>
internal static class Invariant
{
    /// <summary>Whether checks that take a scan run too; tests and the simulator turn them on.</summary>
    public static readonly bool Thorough = AppContext.TryGetSwitch("Kv.ThoroughInvariants", out bool on) && on;

    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
            Fail(expression);
    }

    // Apart from Require so that Require stays small enough to be inlined.
    [DoesNotReturn]
    private static void Fail(string expression) => throw new InvariantViolationException(expression);
}
