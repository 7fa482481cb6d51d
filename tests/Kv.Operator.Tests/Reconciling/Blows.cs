namespace Kv.Operator.Tests.Reconciling;

/// <summary>Ways in which calls are struck.</summary>
internal static class Blows
{
    private static readonly Blow[] ForWrites =
        [Blow.Conflict, Blow.ServerFault, Blow.Busy, Blow.LostBefore, Blow.LostAfter, Blow.LostAfter];

    private static readonly Blow[] ForReads = [Blow.ServerFault, Blow.Busy, Blow.LostBefore];

    /// <summary>Of so many writes one is the operator's last.</summary>
    public static Func<Call, Blow> Deaths(Random random, int inWrites) => call =>
        !call.IsWrite || random.Next(inWrites) != 0 ? Blow.None
        : random.Next(2) == 0 ? Blow.DiesBefore
        : Blow.DiesAfter;

    /// <summary>All that can happen to calls, to so many of a hundred.</summary>
    public static Func<Call, Blow> Storm(Random random, int percent) => call =>
    {
        if (random.Next(100) >= percent)
            return Blow.None;
        if (random.Next(10) == 0)
            return random.Next(2) == 0 ? Blow.DiesBefore : Blow.DiesAfter;
        Blow[] kinds = call.IsWrite ? ForWrites : ForReads;
        return kinds[random.Next(kinds.Length)];
    };

    /// <summary>The first call that is so is struck, and no other.</summary>
    public static Func<Call, Blow> Once(Func<Call, bool> isIt, Blow blow)
    {
        bool isOver = false;
        return call =>
        {
            if (isOver || !isIt(call))
                return Blow.None;
            isOver = true;
            return blow;
        };
    }

    /// <summary>The write of this number, counted from 1, is struck, and no other.</summary>
    public static Func<Call, Blow> AtWrite(int number, Blow blow)
    {
        int count = 0;
        return call => call.IsWrite && ++count == number ? blow : Blow.None;
    }
}
