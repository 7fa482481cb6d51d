namespace Kv.Storage;

/// <summary>One owner thread's queue of work, done in the order it was posted and one piece at a time, so that what
/// only one lane touches needs no lock. Posting never waits and may be done from any thread. In production a lane is a
/// thread; in a test it runs at once, or when the test says so.</summary>
public interface ILane
{
    void Post(Action work);
}
