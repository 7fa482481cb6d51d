namespace Kv.Operator.Pages;

/// <summary>A shape for each state, so that nothing is said by colour alone. It is not read out: a word always stands
/// beside it.</summary>
internal static class Signs
{
    public static Markup Good { get; } = Path("M3 8.5l3.2 3.2L13 5");

    public static Markup Bad { get; } = Path("M4 4l8 8M12 4l-8 8");

    private static Markup Triangle { get; } = Path("M8 2.2L14.4 13.6H1.6zM8 6.4v3.4M8 11.4v.7");

    private static Markup Square { get; } = Path("M2.5 2.5h11v11h-11zM8 5v4M8 10.6v.7");

    private static Markup Turn { get; } = Path("M13.5 8a5.5 5.5 0 1 1-2-4.2M13.5 1.8v3h-3");

    private static Markup Bars { get; } = Path("M5.5 3.5v9M10.5 3.5v9");

    private static Markup Ring { get; } = Path("M8 2.5a5.5 5.5 0 1 1-.1 0z");

    public static Markup Of(ClusterState state) => state switch
    {
        ClusterState.Healthy => Good,
        ClusterState.Down => Bad,
        ClusterState.Degraded => Triangle,
        ClusterState.Invalid => Square,
        ClusterState.Working => Turn,
        ClusterState.Paused => Bars,
        _ => Ring,
    };

    private static Markup Path(string line) =>
        Markup.Of($"""<svg aria-hidden="true" viewBox="0 0 16 16"><path d="{line}"/></svg>""");
}
