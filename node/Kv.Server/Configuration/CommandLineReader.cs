namespace Kv.Server.Configuration;

/// <summary>Reads arguments as Go's <c>flag</c> package does: <c>-f v</c>, <c>--f v</c>, <c>--f=v</c>; a switch takes a
/// value only after '='. Unlike there, reading goes on after a fault, to find the others.</summary>
internal static class CommandLineReader
{
    /// <summary>False if help was asked for, which ends the reading.</summary>
    public static bool Read(IReadOnlyList<string> arguments, Settings settings)
    {
        for (int next = 0; next < arguments.Count;)
        {
            string argument = arguments[next++];
            if (argument.Length < 2 || argument[0] != '-')
            {
                settings.Faults.Add($"'{argument}' is not a valid flag");
                continue;
            }

            if (argument == "--")
                continue; // what follows would be refused as the rest is

            (string name, string? text) = Split(argument);
            if (name.Length == 0 || name[0] is '-' or '=')
                settings.Faults.Add($"bad flag syntax: {argument}");
            else if (FlagTable.Find(name) is { } flag)
                next += Give(settings, flag, text, arguments, next);
            else if (name is "help" or "h")
                return false;
            else
                next += Refuse(settings, name, text, arguments, next);
        }

        return true;
    }

    private static (string Name, string? Text) Split(string argument)
    {
        string body = argument.StartsWith("--", StringComparison.Ordinal) ? argument[2..] : argument[1..];
        int equals = body.IndexOf('=');
        return equals <= 0 ? (body, null) : (body[..equals], body[(equals + 1)..]);
    }

    /// <summary>The number of arguments used up.</summary>
    private static int Give(Settings settings, Flag flag, string? text, IReadOnlyList<string> arguments, int next)
    {
        int used = 0;
        if (text is null && flag.Kind == FlagKind.Switch)
        {
            text = "true";
        }
        else if (text is null && next < arguments.Count)
        {
            text = arguments[next];
            used = 1;
        }

        if (text is null)
            settings.Faults.Add($"flag needs an argument: -{flag.Name}");
        else
            settings.Give(flag, text, SettingOrigin.CommandLine);
        return used;
    }

    /// <summary>What follows an unknown flag is most likely its value: to call that a fault too would
    /// mislead.</summary>
    private static int Refuse(
        Settings settings, string name, string? text, IReadOnlyList<string> arguments, int next)
    {
        string hint = FlagTable.Nearest(name) is { } nearest ? $" (is --{nearest} meant?)" : "";
        settings.Faults.Add($"flag provided but not defined: -{name}{hint}");
        return text is null && next < arguments.Count && !arguments[next].StartsWith('-') ? 1 : 0;
    }
}
