import ai.timefold.solver.core.api.domain.entity.PlanningEntity;
import ai.timefold.solver.core.api.domain.lookup.PlanningId;
import ai.timefold.solver.core.api.domain.solution.PlanningEntityCollectionProperty;
import ai.timefold.solver.core.api.domain.solution.PlanningScore;
import ai.timefold.solver.core.api.domain.solution.PlanningSolution;
import ai.timefold.solver.core.api.domain.valuerange.ValueRangeProvider;
import ai.timefold.solver.core.api.domain.variable.InverseRelationShadowVariable;
import ai.timefold.solver.core.api.domain.variable.PlanningVariable;
import ai.timefold.solver.core.api.score.buildin.hardmediumsoftlong.HardMediumSoftLongScore;
import ai.timefold.solver.core.api.score.stream.Constraint;
import ai.timefold.solver.core.api.score.stream.ConstraintCollectors;
import ai.timefold.solver.core.api.score.stream.ConstraintFactory;
import ai.timefold.solver.core.api.score.stream.ConstraintProvider;
import ai.timefold.solver.core.api.score.stream.Joiners;
import ai.timefold.solver.core.api.solver.SolverFactory;
import ai.timefold.solver.core.config.solver.SolverConfig;
import ai.timefold.solver.core.config.solver.termination.TerminationConfig;
import java.io.DataInputStream;
import java.io.BufferedInputStream;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The whole planning problem as Timefold's documentation teaches it: groups choose their dates, place and trainer,
 * people choose a group or none, interpreters' chairs choose an interpreter or none; constraint streams; the default
 * phases from the plan by hand. Reads what timefold.py writes, writes who sits where.
 */
public class Timefold {
    static final int FAR = 1 << 26;

    record Trainer(int id, BigInteger free, int weekly, List<String> teaches, List<Integer> sites) {}

    record Interpreter(int id, String language, BigInteger free, int weekly) {}

    record Candidate(int row, Kind kind, int site, String subject, int seats, BigInteger mask, int[] bits, int[][] weeks,
            int first, int last, String lot, int quantity) {}

    static class Kind {
        int number;
        boolean civic;
        int minimum;
        int opening;
        int emptySeat;
        int days;
        List<Candidate> candidates = new ArrayList<>();
        List<Trainer> trainers = new ArrayList<>();
        int[][] costs;
        int units;
    }

    record Booked(int who, int when, int count) {}

    @PlanningEntity
    public static class Slot {
        @PlanningId
        public String id;
        public Kind kind;
        @PlanningVariable(valueRangeProviderRefs = "candidates")
        public Candidate candidate;
        @PlanningVariable(valueRangeProviderRefs = "trainers")
        public Trainer trainer;
        @InverseRelationShadowVariable(sourceVariableName = "slot")
        public List<Seat> seats = new ArrayList<>();

        @ValueRangeProvider(id = "candidates")
        public List<Candidate> candidates() {
            return kind.candidates;
        }

        @ValueRangeProvider(id = "trainers")
        public List<Trainer> trainers() {
            return kind.trainers;
        }

        public Trainer getTrainer() {
            return trainer;
        }

        boolean open() {
            return !seats.isEmpty();
        }

        boolean meets(Slot other) {
            return candidate.mask().and(other.candidate.mask()).signum() != 0;
        }

        boolean taught() {
            return trainer.sites().contains(candidate.site()) && trainer.teaches().contains(candidate.subject())
                    && candidate.mask().andNot(trainer.free()).signum() == 0;
        }

        List<Booked> bookedWeeks() {
            List<Booked> found = new ArrayList<>();
            for (int[] week : candidate.weeks()) {
                found.add(new Booked(trainer.id(), week[0], week[1]));
            }
            return found;
        }

        List<Booked> bookedRooms() {
            List<Booked> found = new ArrayList<>();
            for (int bit : candidate.bits()) {
                found.add(new Booked(candidate.site(), bit, 1));
            }
            return found;
        }

        long weight() {
            long sum = 0;
            for (Seat seat : seats) {
                sum += seat.weight;
            }
            return sum;
        }
    }

    @PlanningEntity
    public static class Seat {
        @PlanningId
        public int id;
        public Kind kind;
        public int place;
        public int person;
        public int weight;
        public int rank;
        public boolean waitsForEarlier;
        public boolean hears;
        public List<String> languages;
        public List<Slot> choice = new ArrayList<>(); // of its own kind; a list of entities is cloned with the plan
        @PlanningVariable(valueRangeProviderRefs = "slots", allowsUnassigned = true)
        public Slot slot;

        @ValueRangeProvider(id = "slots")
        public List<Slot> slots() {
            return choice;
        }

        public Slot getSlot() {
            return slot;
        }

        public int getPerson() {
            return person;
        }

        int cost(Slot at) {
            return kind.costs[at.candidate.row()][place];
        }
    }

    @PlanningEntity
    public static class Chair {
        @PlanningId
        public String id;
        public Slot slot;
        @PlanningVariable(valueRangeProviderRefs = "interpreters", allowsUnassigned = true)
        public Interpreter interpreter;

        public Slot getSlot() {
            return slot;
        }

        public Interpreter getInterpreter() {
            return interpreter;
        }
    }

    @PlanningSolution
    public static class Plan {
        @PlanningEntityCollectionProperty
        public List<Slot> slots = new ArrayList<>();
        @PlanningEntityCollectionProperty
        public List<Seat> seats = new ArrayList<>();
        @PlanningEntityCollectionProperty
        public List<Chair> chairs = new ArrayList<>();
        @ValueRangeProvider(id = "interpreters")
        public List<Interpreter> interpreters = new ArrayList<>();
        @PlanningScore
        public HardMediumSoftLongScore score;
    }

    static final Map<Integer, Integer> ROOMS = new HashMap<>();
    static final Map<Integer, Trainer> TRAINERS = new HashMap<>();
    static final Map<Integer, Interpreter> INTERPRETERS = new HashMap<>();
    static final Map<String, Long> LOTS = new HashMap<>();
    static int halfDayPrice;

    public static class Rules implements ConstraintProvider {
        static final HardMediumSoftLongScore HARD = HardMediumSoftLongScore.ONE_HARD;
        static final HardMediumSoftLongScore MEDIUM = HardMediumSoftLongScore.ONE_MEDIUM;
        static final HardMediumSoftLongScore SOFT = HardMediumSoftLongScore.ONE_SOFT;

        @Override
        public Constraint[] defineConstraints(ConstraintFactory of) {
            return new Constraint[] {
                of.forEachIncludingUnassigned(Seat.class).filter(seat -> seat.slot == null)
                        .penalizeLong(MEDIUM, seat -> seat.weight).asConstraint("not placed"),
                of.forEach(Slot.class).filter(slot -> slot.open() && slot.seats.size() < slot.kind.minimum)
                        .penalizeLong(MEDIUM, Slot::weight).asConstraint("minimum"),
                of.forEach(Slot.class).filter(slot -> slot.seats.size() > slot.candidate.seats())
                        .penalizeLong(HARD, slot -> slot.seats.size() - slot.candidate.seats()).asConstraint("maximum"),
                of.forEach(Slot.class).filter(Slot::open)
                        .penalizeLong(SOFT, slot -> slot.kind.opening
                                + (long) slot.kind.emptySeat * Math.max(0, slot.candidate.seats() - slot.seats.size()))
                        .asConstraint("groups"),
                of.forEach(Seat.class).join(Slot.class, Joiners.equal(Seat::getSlot, slot -> slot))
                        .filter((seat, slot) -> seat.cost(slot) >= FAR)
                        .penalizeLong(HARD, (seat, slot) -> 1).asConstraint("may sit there"),
                of.forEach(Seat.class).join(Slot.class, Joiners.equal(Seat::getSlot, slot -> slot))
                        .filter((seat, slot) -> seat.cost(slot) < FAR)
                        .penalizeLong(SOFT, (seat, slot) -> seat.cost(slot)).asConstraint("waiting and travel"),
                of.forEach(Slot.class).filter(slot -> slot.open() && !slot.taught())
                        .penalizeLong(HARD, slot -> 1).asConstraint("trainer can"),
                of.forEachUniquePair(Slot.class, Joiners.equal(Slot::getTrainer))
                        .filter((a, b) -> a.open() && b.open() && a.meets(b))
                        .penalizeLong(HARD, (a, b) -> 1).asConstraint("trainer once"),
                of.forEach(Slot.class).filter(Slot::open).map(Slot::bookedWeeks).flattenLast(list -> list)
                        .groupBy(Booked::who, Booked::when, ConstraintCollectors.sum(Booked::count))
                        .filter((who, week, count) -> count > TRAINERS.get(who).weekly())
                        .penalizeLong(HARD, (who, week, count) -> count - TRAINERS.get(who).weekly())
                        .asConstraint("trainer's week"),
                of.forEach(Slot.class).filter(Slot::open).map(Slot::bookedRooms).flattenLast(list -> list)
                        .groupBy(Booked::who, Booked::when, ConstraintCollectors.count())
                        .filter((site, bit, count) -> count > ROOMS.get(site))
                        .penalizeLong(HARD, (site, bit, count) -> count - ROOMS.get(site)).asConstraint("rooms"),
                of.forEach(Slot.class).filter(Slot::open)
                        .groupBy(slot -> slot.candidate.lot(),
                                ConstraintCollectors.sumLong(slot -> (long) slot.candidate.quantity() * slot.seats.size()))
                        .filter((lot, used) -> used > LOTS.getOrDefault(lot, 0L))
                        .penalizeLong(HARD, (lot, used) -> 1 + (used - LOTS.getOrDefault(lot, 0L)) / 1000)
                        .asConstraint("orders"),
                of.forEach(Seat.class).filter(seat -> !seat.hears)
                        .ifNotExists(Chair.class, Joiners.equal(Seat::getSlot, Chair::getSlot),
                                Joiners.filtering((seat, chair) -> chair.interpreter != null
                                        && seat.languages.contains(chair.interpreter.language())))
                        .penalizeLong(HARD, seat -> 1).asConstraint("understands"),
                of.forEach(Chair.class).join(Slot.class, Joiners.equal(Chair::getSlot, slot -> slot))
                        .penalizeLong(SOFT, (chair, slot) -> (long) halfDayPrice * slot.candidate.bits().length)
                        .asConstraint("interpreters"),
                of.forEach(Chair.class).join(Slot.class, Joiners.equal(Chair::getSlot, slot -> slot))
                        .filter((chair, slot) -> slot.candidate.mask().andNot(chair.interpreter.free()).signum() != 0)
                        .penalizeLong(HARD, (chair, slot) -> 1).asConstraint("interpreter works"),
                of.forEachUniquePair(Chair.class, Joiners.equal(Chair::getInterpreter))
                        .join(Slot.class, Joiners.equal((a, b) -> a.slot, slot -> slot))
                        .join(Slot.class, Joiners.equal((a, b, one) -> b.slot, slot -> slot))
                        .filter((a, b, one, other) -> one.meets(other))
                        .penalizeLong(HARD, (a, b, one, other) -> 1).asConstraint("interpreter once"),
                of.forEach(Chair.class).join(Slot.class, Joiners.equal(Chair::getSlot, slot -> slot))
                        .map((chair, slot) -> weeksOf(chair, slot)).flattenLast(list -> list)
                        .groupBy(Booked::who, Booked::when, ConstraintCollectors.sum(Booked::count))
                        .filter((who, week, count) -> count > INTERPRETERS.get(who).weekly())
                        .penalizeLong(HARD, (who, week, count) -> 1).asConstraint("interpreter's week"),
                of.forEach(Seat.class).filter(seat -> seat.waitsForEarlier)
                        .ifNotExists(Seat.class, Joiners.equal(Seat::getPerson),
                                Joiners.filtering((late, early) -> early.kind.civic && early.rank < late.rank))
                        .penalizeLong(HARD, seat -> 1).asConstraint("earlier day missing"),
                of.forEachUniquePair(Seat.class, Joiners.equal(Seat::getPerson))
                        .join(Slot.class, Joiners.equal((a, b) -> a.slot, slot -> slot))
                        .join(Slot.class, Joiners.equal((a, b, one) -> b.slot, slot -> slot))
                        .filter((a, b, one, other) -> one.meets(other) || disordered(a, one, b, other))
                        .penalizeLong(HARD, (a, b, one, other) -> 1).asConstraint("one place, in order"),
            };
        }

        static List<Booked> weeksOf(Chair chair, Slot slot) {
            List<Booked> found = new ArrayList<>();
            for (int[] week : slot.candidate.weeks()) {
                found.add(new Booked(chair.interpreter.id(), week[0], week[1]));
            }
            return found;
        }

        static boolean disordered(Seat a, Slot one, Seat b, Slot other) {
            if (!a.kind.civic || !b.kind.civic || a.rank == b.rank) {
                return false;
            }
            return a.rank < b.rank ? one.candidate.last() >= other.candidate.first()
                    : other.candidate.last() >= one.candidate.first();
        }
    }

    static String[] words(String line) {
        return line.split("\t", -1);
    }

    static List<String> names(String joined) {
        return joined.isEmpty() ? List.of() : List.of(joined.split(","));
    }

    static int[][] pairs(String joined) {
        return names(joined).stream().map(one -> one.split(":"))
                .map(one -> new int[] {Integer.parseInt(one[0]), Integer.parseInt(one[1])}).toArray(int[][]::new);
    }

    static int[] bits(BigInteger mask) {
        int[] found = new int[mask.bitCount()];
        int at = 0;
        for (int bit = 0; bit < mask.bitLength(); bit++) {
            if (mask.testBit(bit)) {
                found[at++] = bit;
            }
        }
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        double seconds = Double.parseDouble(arguments[1]);
        Plan plan = new Plan();
        List<Kind> kinds = new ArrayList<>();
        int chairs = 0;
        for (String line : Files.readAllLines(folder.resolve("model.tsv"))) {
            String[] at = words(line);
            switch (at[0]) {
                case "price" -> {
                    halfDayPrice = Integer.parseInt(at[1]);
                    chairs = Integer.parseInt(at[2]);
                }
                case "rooms" -> ROOMS.put(Integer.parseInt(at[1]), Integer.parseInt(at[2]));
                case "lot" -> LOTS.put(at[1], Long.parseLong(at[2]));
                case "trainer" -> TRAINERS.put(Integer.parseInt(at[1]), new Trainer(Integer.parseInt(at[1]),
                        new BigInteger(at[2], 16), Integer.parseInt(at[3]), names(at[4]),
                        names(at[5]).stream().map(Integer::parseInt).toList()));
                case "interpreter" -> {
                    Interpreter one = new Interpreter(Integer.parseInt(at[1]), at[2], new BigInteger(at[3], 16),
                            Integer.parseInt(at[4]));
                    INTERPRETERS.put(one.id(), one);
                    plan.interpreters.add(one);
                }
                case "kind" -> {
                    Kind kind = new Kind();
                    kind.number = kinds.size();
                    kind.civic = at[1].equals("civic");
                    kind.minimum = Integer.parseInt(at[2]);
                    kind.opening = Integer.parseInt(at[3]);
                    kind.emptySeat = Integer.parseInt(at[4]);
                    kind.units = Integer.parseInt(at[5]);
                    for (String name : names(at[6])) {
                        kind.trainers.add(TRAINERS.get(Integer.parseInt(name)));
                    }
                    kinds.add(kind);
                }
                case "candidate" -> {
                    Kind kind = kinds.get(Integer.parseInt(at[1]));
                    BigInteger mask = new BigInteger(at[5], 16);
                    kind.candidates.add(new Candidate(kind.candidates.size(), kind, Integer.parseInt(at[2]), at[3],
                            Integer.parseInt(at[4]), mask, bits(mask), pairs(at[6]), Integer.parseInt(at[7]),
                            Integer.parseInt(at[8]), at[9], Integer.parseInt(at[10])));
                }
                case "slot" -> {
                    Slot slot = new Slot();
                    slot.id = "g" + plan.slots.size();
                    slot.kind = kinds.get(Integer.parseInt(at[1]));
                    slot.candidate = slot.kind.candidates.get(Integer.parseInt(at[2]));
                    slot.trainer = at[3].isEmpty() ? slot.kind.trainers.get(0) : TRAINERS.get(Integer.parseInt(at[3]));
                    plan.slots.add(slot);
                    List<String> spoken = names(at[4]);
                    for (int chair = 0; slot.kind.civic && chair < chairs; chair++) {
                        Chair one = new Chair();
                        one.id = slot.id + "c" + chair;
                        one.slot = slot;
                        one.interpreter = chair < spoken.size() ? INTERPRETERS.get(Integer.parseInt(spoken.get(chair))) : null;
                        plan.chairs.add(one);
                    }
                }
                case "seat" -> {
                    Seat seat = new Seat();
                    seat.id = Integer.parseInt(at[1]);
                    seat.kind = kinds.get(Integer.parseInt(at[2]));
                    seat.place = Integer.parseInt(at[3]);
                    seat.person = Integer.parseInt(at[4]);
                    seat.weight = Integer.parseInt(at[5]);
                    seat.rank = Integer.parseInt(at[6]);
                    seat.waitsForEarlier = at[7].equals("1");
                    seat.hears = at[8].equals("1");
                    seat.languages = names(at[9]);
                    seat.slot = at[10].isEmpty() ? null : plan.slots.get(Integer.parseInt(at[10]));
                    if (seat.slot != null) {
                        seat.slot.seats.add(seat);
                    }
                    for (Slot slot : plan.slots) {
                        if (slot.kind == seat.kind) {
                            seat.choice.add(slot);
                        }
                    }
                    plan.seats.add(seat);
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(
                Files.newInputStream(folder.resolve("costs.bin")), 1 << 20))) {
            for (Kind kind : kinds) {
                kind.costs = new int[kind.candidates.size()][kind.units];
                for (int[] row : kind.costs) {
                    for (int unit = 0; unit < row.length; unit++) {
                        row[unit] = in.readInt();
                    }
                }
            }
        }
        SolverFactory<Plan> factory = SolverFactory.create(new SolverConfig().withSolutionClass(Plan.class)
                .withEntityClasses(Slot.class, Seat.class, Chair.class).withConstraintProviderClass(Rules.class)
                .withRandomSeed(1L)
                .withTerminationConfig(new TerminationConfig().withSpentLimit(Duration.ofMillis((long) (1000 * seconds)))));
        Plan best = factory.buildSolver().solve(plan);
        System.out.println(best.score);
        try (PrintWriter out = new PrintWriter(folder.resolve("seats.tsv").toFile())) {
            for (Slot slot : best.slots) {
                if (slot.open()) {
                    StringBuilder who = new StringBuilder();
                    for (Seat seat : slot.seats) {
                        who.append(who.length() == 0 ? "" : ",").append(seat.id);
                    }
                    StringBuilder spoken = new StringBuilder();
                    for (Chair chair : best.chairs) {
                        if (chair.slot == slot && chair.interpreter != null) {
                            spoken.append(spoken.length() == 0 ? "" : ",").append(chair.interpreter.id());
                        }
                    }
                    out.println(slot.kind.number + "\t" + slot.candidate.row() + "\t" + slot.trainer.id() + "\t" + spoken
                            + "\t" + who);
                }
            }
        }
    }
}
