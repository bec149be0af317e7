// Numbers as people of a place write them. Scores have up to 18 decimals, and none of their digits passes through a float.

class Numbers {
  constructor(locale) {
    const plain = new Intl.NumberFormat(locale, { useGrouping: false });
    const part = (number, type) =>
      plain.formatToParts(number).find((part) => part.type === type).value;
    this.grouped = new Intl.NumberFormat(locale);
    this.digits = Array.from({ length: 10 }, (_, digit) => plain.format(digit));
    this.point = part(0.5, "decimal");
    this.minus = part(-1, "minusSign");
  }

  whole(number) {
    return this.grouped.format(number);
  }

  // Always two digits: of a clock.
  two(number) {
    return this.digits[Math.floor(number / 10) % 10] + this.digits[number % 10];
  }

  // What stands before the decimals of a score, and they with their point.
  exact(text) {
    const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!found) return [text, ""];
    const [, sign, whole, decimals] = found;
    const front = (sign && this.minus) + this.grouped.format(BigInt(whole));
    const behind = decimals && this.point + [...decimals].map((digit) => this.digits[digit]).join("");
    return [front, behind ?? ""];
  }
}

// JSON in which scores stay the texts that they are.
const read = (json) => JSON.parse(json.replace(/"score":(-?\d[^,}\s]*)/g, '"score":"$1"'));
