// What the widget says, in each language that it knows.

const TEXTS = {
  en: {
    leaderboard: "Leaderboard", position: "Position", player: "Player", score: "Score", players: "Players",
    connecting: "Connecting", reconnecting: "Reconnecting", scheduled: "Not started", live: "Live",
    filling: "Counting", settling: "Counting", final: "Final", cancelled: "Cancelled",
    startsIn: "Starts in", endsIn: "Ends in", won: "First place", counting: "The last scores are being counted",
    off: "It does not take place",
    units: ["days", "hours", "min", "sec"],
    nobody: "Nobody has a score yet", nobodyMore: "Whoever scores first stands here.",
    missing: "There is no such leaderboard here",
    missingMore: "The address may be misspelt, or the leaderboard is not public.",
    you: "You", yours: "Your position", yoursOf: "of {players}", none: "You have no score yet",
    saidFirst: "{name} is first", saidOwn: "You are at position {position}",
  },
  de: {
    leaderboard: "Rangliste", position: "Platz", player: "Spieler", score: "Punkte", players: "Teilnehmer",
    connecting: "Verbinden", reconnecting: "Neu verbinden", scheduled: "Noch nicht gestartet", live: "Live",
    filling: "Auszählung", settling: "Auszählung", final: "Endstand", cancelled: "Abgesagt",
    startsIn: "Beginnt in", endsIn: "Endet in", won: "Erster Platz", counting: "Die letzten Punkte werden gezählt",
    off: "Es findet nicht statt",
    units: ["Tage", "Std.", "Min.", "Sek."],
    nobody: "Noch hat niemand Punkte", nobodyMore: "Wer zuerst punktet, steht hier.",
    missing: "Diese Rangliste gibt es hier nicht",
    missingMore: "Vielleicht stimmt die Adresse nicht, oder die Rangliste ist nicht öffentlich.",
    you: "Du", yours: "Dein Platz", yoursOf: "von {players}", none: "Du hast noch keine Punkte",
    saidFirst: "{name} führt", saidOwn: "Du bist auf Platz {position}",
  },
  ar: {
    leaderboard: "لوحة الصدارة", position: "المركز", player: "اللاعب", score: "النقاط", players: "اللاعبون",
    connecting: "جارٍ الاتصال", reconnecting: "جارٍ إعادة الاتصال", scheduled: "لم تبدأ بعد", live: "مباشر",
    filling: "جارٍ الاحتساب", settling: "جارٍ الاحتساب", final: "النتيجة النهائية", cancelled: "أُلغيت",
    startsIn: "تبدأ خلال", endsIn: "تنتهي خلال", won: "المركز الأول", counting: "يجري احتساب آخر النقاط",
    off: "لن تُقام",
    units: ["يوم", "ساعة", "دقيقة", "ثانية"],
    nobody: "لا توجد نقاط لأحد بعد", nobodyMore: "أول من يسجّل نقاطًا يظهر هنا.",
    missing: "لا توجد لوحة صدارة هنا",
    missingMore: "قد يكون العنوان غير صحيح، أو أن اللوحة ليست عامة.",
    you: "أنت", yours: "مركزك", yoursOf: "من {players}", none: "ليست لديك نقاط بعد",
    saidFirst: "{name} في الصدارة", saidOwn: "أنت في المركز {position}",
  },
  he: {
    leaderboard: "טבלת המובילים", position: "מקום", player: "שחקן", score: "ניקוד", players: "שחקנים",
    connecting: "מתחבר", reconnecting: "מתחבר מחדש", scheduled: "טרם התחיל", live: "בשידור חי",
    filling: "סופרים", settling: "סופרים", final: "תוצאה סופית", cancelled: "בוטל",
    startsIn: "מתחיל בעוד", endsIn: "מסתיים בעוד", won: "מקום ראשון", counting: "הניקוד האחרון נספר כעת",
    off: "הטורניר לא יתקיים",
    units: ["ימים", "שעות", "דק׳", "שנ׳"],
    nobody: "לאיש אין עדיין ניקוד", nobodyMore: "מי שיצבור ניקוד ראשון יופיע כאן.",
    missing: "אין כאן טבלה כזו",
    missingMore: "ייתכן שהכתובת שגויה, או שהטבלה אינה ציבורית.",
    you: "אתם", yours: "המקום שלכם", yoursOf: "מתוך {players}", none: "אין לכם עדיין ניקוד",
    saidFirst: "{name} במקום הראשון", saidOwn: "אתם במקום {position}",
  },
};

// The first of these tags whose language is known, and English else.
const localeOf = (...tags) =>
  tags.find((tag) => tag && Object.hasOwn(TEXTS, languageOf(tag)) && isTag(tag)) ?? "en";

const languageOf = (tag) => tag.split("-")[0].toLowerCase();

const directionOf = (tag) => (["ar", "he"].includes(languageOf(tag)) ? "rtl" : "ltr");

const isTag = (tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
};

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
